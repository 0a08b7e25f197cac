import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createWorld, type World } from "./helpers.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  const { code, stderr } = await world.run(["up", await world.hello(), "--detach"]);
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => world.close());

test("one question: prints the answer and nothing else, from any folder", async () => {
  const { code, stdout, stderr } = await world.run(["chat", "When is the Cox picked?"], { cwd: "/" });
  expect(code).toBe(0);
  expect(stdout).toMatch(/last week of September.*\n$/);
  // The passages that it rests on.
  expect(stderr).toMatch(/^\[1\] knowledge\/.*last week of September.*\n$/);
});

test("the question can be piped in, and the answer can come whole", async () => {
  const { code, stdout } = await world.run(["chat", "--no-stream"], { input: "Are dogs welcome?\n" });
  expect(code).toBe(0);
  expect(stdout).toContain("on a lead");
});

test("--output json gives the answer, its agent and its session, which a next question can continue", async () => {
  const first = await world.run(["chat", "Which pear do you grow?", "--output", "json"]);
  const { response, agent, session_id, citations } = JSON.parse(first.stdout);
  expect(citations).toMatchObject([{ agent_id: "orchardist", quote: expect.stringContaining("Conference") }]);
  expect({ agent, response }).toEqual({
    agent: "orchardist",
    response: expect.stringContaining("Conference"),
  });
  const second = await world.run(["chat", "Thank you", "--session", session_id, "--output", "json"]);
  expect(JSON.parse(second.stdout).session_id).toBe(session_id);
});

test("users are kept apart, and without a name it is the one of calls that name none", async () => {
  await world.run(["chat", "My favourite apple is the Egremont Russet.", "--user", "ann"]);
  const ann = await world.run(["chat", "What is my favourite apple?", "--user", "ann"]);
  expect(ann.stdout).toContain("Egremont Russet");
  const nobody = await world.run(["chat", "-v", "What is my favourite apple?"]);
  expect(nobody.stdout).not.toContain("Egremont Russet");
  expect(nobody.stderr).toMatch(/^\[progress\] .*"user_id":"0"/m);
});

test("the folder's .muxi names the user", async () => {
  const folder = await world.formation("named", { ".muxi": "user_id: betty\n" });
  await world.run(["up", folder, "--detach"]);
  const { stderr } = await world.run(["chat", "-v", "Hello"], { cwd: folder });
  expect(stderr).toContain('"user_id":"betty"');
  await world.run(["down", "named"]);
});

test("the formation of the current folder is meant, and one that was not started is refused", async () => {
  const folder = await world.formation("asleep");
  const { code, stderr } = await world.run(["chat", "Hello"], { cwd: folder });
  expect(code).toBe(1);
  expect(stderr).toContain("The formation in this folder is not running");
  expect(stderr).toContain("muxi up");
});

test.each([
  ["an unknown agent", ["chat", "Hi", "--agent", "nobody"], "Agent 'nobody' not found"],
  ["an unknown formation", ["chat", "Hi", "-f", "nothing"], "Formation 'nothing' is not running"],
  ["nothing to say", ["chat"], "There is no message"],
])("%s is an error on stderr", async (_, args, message) => {
  const { code, stdout, stderr } = await world.run(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
});

test("a formation whose server is gone is named, with the remedy", async () => {
  const gone = await createWorld();
  try {
    await gone.run(["up", await gone.formation("ghost"), "--detach"]);
    await gone.run(["server", "stop"]);
    const { code, stderr } = await gone.run(["chat", "Hello"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Formation 'ghost' does not respond[\s\S]*muxi up/);
    const down = await gone.run(["down"]);
    expect(down.code).toBe(1);
    expect(down.stderr).toContain("No server is running on this machine");
  } finally {
    await gone.close();
  }
});

const keys = [
  "server:",
  "  api_keys:",
  "    client_key: fmc_0123456789abcdef",
  "    admin_key: fma_0123456789abcdef",
];

test("a deployed formation is talked to as well: here, by its id and through a profile", async () => {
  const other = await createWorld();
  try {
    const made = await other.run([
      "server",
      "init",
      "--yes",
      "--port",
      String(other.port),
      "--output",
      "json",
    ]);
    const { key_id, secret_key } = JSON.parse(made.stdout);
    await other.run(["server", "start", "--daemon"]);
    const generated = await other.formation("generated");
    const named = await other.formation("named", {
      "formation.afs": ['schema: "1.0.0"', "id: named", "description: Has keys", ...keys, ""].join("\n"),
    });
    for (const folder of [generated, named]) await other.run(["deploy", folder]);
    expect((await other.run(["chat", "Hello"], { cwd: generated })).stdout).toContain("built-in model");
    const byId = await other.run(["chat", "-v", "Hello", "-f", "generated"]);
    expect(byId.stdout).toContain("built-in model");
    expect(byId.stderr).toContain('"user_id":"0"');

    const url = `http://127.0.0.1:${other.port}`;
    const flags = ["--url", url, "--key-id", key_id, "--secret-key", secret_key];
    expect(await other.run(["profiles", "add", "prod", ...flags])).toMatchObject({ code: 0 });
    expect((await other.run(["chat", "Hello", "-p", "prod"], { cwd: named })).stdout).toContain(
      "built-in model",
    );
    const unknown = await other.run(["chat", "Hello", "-p", "prod", "-f", "named"], { cwd: "/" });
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toMatch(/No API key of 'named' is known[\s\S]*MUXI_CLIENT_KEY/);
    const missing = await other.run(["chat", "Hello", "-p", "prod", "-f", "nobody"]);
    expect(missing.stderr).toContain("Formation not deployed");
    const empty = join(other.home, "empty");
    await mkdir(empty);
    const fetched = await other.run(["download", "named", "--include-db"], { cwd: empty });
    expect(fetched, fetched.stderr).toMatchObject({ code: 0 });
    expect(await readdir(join(empty, "named"))).toEqual(["formation.afs", "memory.db"]);
    const draft = await other.run(["chat", "Hello", "--draft", "-f", "named"]);
    expect(draft.stderr).toContain("Formation 'named' is not running");
  } finally {
    await other.close();
  }
});

test("a file goes along with a message, and --debug tells every request and event", async () => {
  const file = join(world.home, "note.txt");
  await writeFile(file, "The gate opens at nine.");
  // As a process: the SDK writes to that one's console.
  const { code, stderr } = await world.start(["chat", "--debug", "--file", file, "When does the gate open?"])
    .done;
  expect(stderr).toMatch(/^\[muxi\] POST .*\/chat .* 200/m);
  expect(stderr).toMatch(/^\[text\] /m);
  expect(code).toBe(0);
  const nothing = await world.run(["chat", "--file", join(world.home, "none.txt"), "Read it"]);
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining("The file cannot be read") });
  const wordless = await world.run(["chat", "--file", file]);
  expect(wordless).toMatchObject({ code: 1, stderr: expect.stringContaining("what to do with") });
});

test("logs follows the events that a filter admits, until Ctrl+C", async () => {
  const logs = world.start(["logs", "hello", "--user", "carla"]);
  // Events from now on: the question is asked until the first of them is there.
  await until("an event is shown", async () => {
    await world.run(["chat", "Hello", "--user", "carla"]);
    return logs.stdout() !== "";
  });
  logs.kill("SIGINT");
  const { code, stdout, stderr } = await logs.done;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const line of stdout.trimEnd().split("\n")) {
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (DEBUG|INFO ) [a-z.]+ request=req_\w+ user=carla session=\w+ \S/,
    );
  }
});

test("secrets list --remote: the names that the running formation knows, masked", async () => {
  const listed = await world.run(["secrets", "list", "--remote", "--output", "json"]);
  expect(listed.code, listed.stderr).toBe(0);
  expect(JSON.parse(listed.stdout)).toEqual({ secrets: expect.any(Array) });
});

test("who chats with a formation of their own is told why its model failed", async () => {
  const model = createServer((_, response) => void response.writeHead(401).end("{}")).listen(0, "127.0.0.1");
  await once(model, "listening");
  const address = model.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const own = await createWorld({
    OPENAI_BASE_URL: `http://127.0.0.1:${address.port}`,
    OPENAI_API_KEY: "sk-wrong",
  });
  const expectCause = (stderr: string) =>
    expect(stderr).toMatch(
      /The assistant is not available \(configuration\)[\s\S]*openai refused the API key for openai\/\S+ \(401\)/,
    );
  try {
    const folder = await own.formation("keyless");
    await own.run(["up", folder, "--detach"]);
    const { code, stdout, stderr } = await own.run(["chat", "Hello"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expectCause(stderr);
    await own.run(["down"], { cwd: folder });
    await own.run(["deploy", folder]);
    expectCause((await own.run(["chat", "Hello"], { cwd: folder })).stderr);
  } finally {
    model.closeAllConnections();
    model.close();
    await own.close();
  }
});

/** An OpenAI-compatible model that says one word and then thinks for ever. */
const slowModel = async (): Promise<{ server: Server; url: string; isLeft: () => boolean }> => {
  let left = false;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "Well" } }] })}\n\n`);
    response.on("close", () => {
      left = true;
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/v1`, isLeft: () => left };
};

test("Ctrl+C stops the answer at the model too", async () => {
  const model = await slowModel();
  const slow = await createWorld({ OPENAI_BASE_URL: model.url });
  try {
    await slow.run(["up", await slow.formation("slow"), "--detach"]);
    const chat = slow.start(["chat", "What do you think?"]);
    await chat.shows("Well");
    expect(model.isLeft()).toBe(false);
    chat.kill("SIGINT");
    const { code, stdout, stderr } = await chat.done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "Well\n" });
    expect(stderr).toContain("The answer was stopped");
    await until("the model is left", model.isLeft);
  } finally {
    await slow.close();
    model.server.closeAllConnections();
    model.server.close();
  }
});

test("a broken list of started formations is named", async () => {
  const broken = await createWorld();
  try {
    await broken.formation("any", { "../.muxi/cli/formations.yaml": "formations: 12\n" });
    const { code, stderr } = await broken.run(["chat", "Hello"]);
    expect(code).toBe(1);
    expect(stderr).toContain(join(broken.home, ".muxi/cli/formations.yaml"));
  } finally {
    await broken.close();
  }
});
