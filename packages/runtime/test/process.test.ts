import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../test/ports.ts";
import { until, untilExpected } from "../../../test/until.ts";
import { apiAt, collect, keys, manifest, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

const main = fileURLToPath(import.meta.resolve("../bin/muxi-runtime.js"));

const withKeys = `${manifest}
server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
`;

/** Runs the built runtime as the server does, and tells how it ended. */
const run = (folder: string, env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [main, folder], {
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the process has no pipes");
  let output = "";
  for (const pipe of [stdout, stderr]) {
    pipe.on("data", (bytes) => {
      output += bytes;
    });
  }
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  // Not the child's own `close`: after `disconnect()` it never comes.
  const ended = Promise.all([once(child, "exit"), once(stdout, "close"), once(stderr, "close")]).then(
    ([[code]]) => ({ code, output }),
  );
  return { child, ended };
};

const ready = async (child: ChildProcess) => {
  const [message] = await once(child, "message");
  return apiAt(`http://127.0.0.1:${message.port}`);
};

test("what only some formations use of Node is not loaded at the start", async () => {
  const tell = `process.on("exit", () => console.log("loaded " + process.moduleLoadList.join(" ")))`;
  const { child, ended } = run(await writeFormation({ "formation.afs": withKeys }), {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}`,
  });
  await ready(child);
  child.kill("SIGTERM");
  const { output } = await ended;
  const loaded = [...output.matchAll(/NativeModule (\S+)/g)].map(([, name]) => name);
  expect(loaded).toContain("sqlite");
  const heavy = ["internal/deps/undici/undici", "https", "http2", "tls", "zlib", "inspector"];
  expect(loaded.filter((name) => heavy.includes(name ?? ""))).toEqual([]);
});

test("the server that started the process is told of tokens, the last ones when it stops", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = { usage: { input: 100, output: 5, cached: 60, cacheWrite: 30 } };
  const dir = await writeFormation({
    "formation.afs": `${withKeys}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: anthropic/claude-test, api_key: sk-test }]
memory: { persistent: { extraction: false } }
`,
  });
  const { child, ended } = run(dir);
  const api = await ready(child);
  const told: unknown[] = [];
  child.on("message", (message) => told.push(message));
  const usage = {
    input_tokens: 100,
    output_tokens: 5,
    total_tokens: 105,
    cached_tokens: 60,
    cache_write_tokens: 30,
  };
  const message = { type: "tokens", models: [{ model: "anthropic/claude-test", usage }] };
  await api.chat("Hello", { user: "ann" });
  await untilExpected("the tokens are told", () => expect(told).toEqual([message]));
  await api.chat("Hello again", { user: "ann" });
  child.kill("SIGTERM");
  await ended;
  await untilExpected("the last tokens are told", () => expect(told).toEqual([message, message]));
});

test("a server asks over IPC what the formation cannot use, and is told without any secret", async () => {
  const { child } = run(
    await writeFormation({
      "formation.afs": `${withKeys}llm: { models: [{ text: openai/gpt-4o }] }\n`,
      "mcp/trees.afs":
        "id: trees\ndescription: d\ntype: command\ncommand: no-such-thing-of-a-very-secret-token\nmax_retries: 1\n",
    }),
    { TREE_TOKEN: "a-very-secret-token" },
  );
  await ready(child);
  child.send("something else");
  child.send({ type: "problems", id: 7, wait: true });
  const [answer] = await once(child, "message");
  expect(answer).toEqual({
    ...{ type: "problems", id: 7 },
    problems: [
      {
        kind: "model",
        name: "openai/gpt-4o",
        message: expect.stringContaining("or OPENAI_API_KEY in the environment"),
      },
      {
        ...{ kind: "mcp", name: "trees" },
        message: expect.stringMatching(/^no-such-thing-of-\S*\.\.\.\S* did not answer: .*not found/),
      },
    ],
  });
  expect(JSON.stringify(answer)).not.toContain("a-very-secret-token");
});

test("after kill -9 in the middle of an answer every acknowledged message is there", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${withKeys}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
  });
  const first = run(dir);
  const api = await ready(first.child);
  await api.chat("The first message", { user: "ann", session: "s1" });
  models.reply({ text: ["One ", "two"], stallAfter: 2 });
  const frames = await api.stream({ message: "The second message", session_id: "s1" }, { user: "ann" });
  const { value: progress } = await frames.next();
  expect(progress?.event).toBe("progress");

  first.child.kill("SIGKILL");
  await expect(collect(frames)).rejects.toThrow();
  await first.ended;

  const again = await ready(run(dir).child);
  const { body } = await again.get("/sessions/s1/messages", { user: "ann" });
  expect(body.data.messages.map(({ content }: { content: string }) => content)).toEqual([
    "The first message",
    "Hello from the model.",
    "The second message",
  ]);
});

test("after kill -9 background requests are answered, and what was interrupted says so", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${withKeys}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
memory: { persistent: { extraction: false } }
`,
  });
  const first = run(dir);
  const api = await ready(first.child);
  models.defaultReply = { text: ["One ", "two"], stallAfter: 2 };
  const ask = (request_id: string, mode: "sync" | "async") =>
    api.call("POST", "/chat", { user: "ann", body: { message: `Do ${request_id}`, request_id, mode } });
  await ask("req_1", "async");
  await ask("req_2", "async");
  const interrupted = await api.stream({ message: "Do req_3", request_id: "req_3" }, { user: "ann" });
  await interrupted.next();
  await untilExpected("the model is asked three times", () => expect(models.requests).toHaveLength(3));
  first.child.kill("SIGKILL");
  await expect(collect(interrupted)).rejects.toThrow();
  await first.ended;

  models.defaultReply = { text: ["Done"] };
  const again = await ready(run(dir).child);
  const statusOf = async (id: string) => (await again.get(`/requests/${id}`, { user: "ann" })).body.data;
  for (const id of ["req_1", "req_2"]) {
    await untilExpected(`${id} is completed`, async () =>
      expect((await statusOf(id)).status).toBe("completed"),
    );
    expect((await statusOf(id)).result).toBe("Done");
  }
  expect(await statusOf("req_3")).toMatchObject({
    status: "failed",
    error: expect.stringContaining("again"),
  });
});

test("SIGTERM lets the answer at work end and exits with 0", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const dir = await writeFormation({
    "formation.afs": `${withKeys}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
  });
  const { child, ended } = run(dir);
  const api = await ready(child);
  models.reply({ before: held });
  const frames = await api.stream({ message: "Hello there" });
  await frames.next();
  child.kill("SIGTERM");
  release();
  expect((await collect(frames)).at(-1)?.event).toBe("done");
  expect(await ended).toMatchObject({ code: 0 });
});

test("SIGTERM is told to load balancers first, while requests are served as before", async () => {
  const dir = await writeFormation({
    "formation.afs": `${manifest}
server: { drain_seconds: 2, api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
`,
  });
  const port = await freePort();
  const child = spawn(process.execPath, [main, dir, "--port", String(port)], {
    env: { PATH: process.env.PATH },
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const api = apiAt(`http://127.0.0.1:${port}`);
  const health = () => api.get("/health").catch(() => undefined);
  await until("it is healthy", async () => (await health())?.status === 200);

  child.kill("SIGTERM");
  const draining = await until("it says that it ends", async () => {
    const answer = await health();
    return answer?.status === 503 && answer;
  });
  expect(draining.body.error).toMatchObject({
    code: "SERVICE_UNAVAILABLE",
    data: { status: "draining", formation_id: "orchard" },
  });
  expect([draining.headers.get("connection"), draining.headers.get("retry-after")]).toEqual(["close", "5"]);
  const { status, headers } = await api.chat("Hello");
  expect([status, headers.get("connection")]).toEqual([200, "close"]);
  expect(await ended).toEqual([0, null]);
});

test("a runtime whose server is gone ends by itself", async () => {
  const { child, ended } = run(await writeFormation());
  await ready(child);
  child.disconnect();
  expect(await ended).toMatchObject({ code: 0 });
});

test("a port in use is named, with the remedy", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => {
    taken.close();
  });
  const address = taken.address();
  const port = typeof address === "object" && address ? String(address.port) : "";
  const { code, output } = await run(await writeFormation(), { PORT: port }).ended;
  expect(code).toBe(1);
  expect(output).toMatch(`Error: port ${port} on 127.0.0.1 is in use`);
  expect(output).toContain("--port");
});

test.each([
  ["no formation", {}, /does not exist/],
  ["a syntax error", { "formation.afs": 'schema: "1.0.0"\nid: [\n' }, /not valid YAML at line 3/],
  ["a missing secret", { "formation.afs": `${manifest}name: "\${{ secrets.NAME }}"\n` }, /NAME/],
  [
    "a database that it cannot use",
    { "formation.afs": `${manifest}memory: { persistent: { connection_string: "postgres://db/x" } }\n` },
    /Postgres/,
  ],
])("%s stops it with a message and without a stack", async (name, files, message) => {
  const dir = await writeFormation(files);
  const folder = name === "no formation" ? path.join(dir, "nowhere") : dir;
  const { code, output } = await run(folder).ended;
  expect(code).toBe(1);
  expect(output).toMatch(message);
  expect(output).not.toMatch(/^\s+at /m);
});

test("ends itself when the server that started it is killed before it was up", async () => {
  const { child, ended } = run(await writeFormation({ "formation.afs": withKeys }));
  child.disconnect();
  const { code, output } = await ended;
  expect(output).toContain('"why":"the server is gone"');
  expect(code).toBe(0);
});

test("an error that nobody caught is logged, and the formation goes on", async () => {
  const fault = `process.on("SIGUSR2", () => {
    Promise.reject(new Error("of a promise"));
    throw new Error("of a callback");
  })`;
  const { child, ended } = run(await writeFormation({ "formation.afs": withKeys }), {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}`,
  });
  const api = await ready(child);
  child.kill("SIGUSR2");
  expect((await api.chat("Hello")).status).toBe(200);
  child.kill("SIGTERM");
  const { code, output } = await ended;
  expect([code, output]).toEqual([0, expect.stringMatching(/of a callback[\s\S]*of a promise/)]);
});
