import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { FormationClient } from "muxi-client";
import { createTestServer } from "muxi-client/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { until } from "../../../test/until.ts";
import { converse } from "../src/commands/chat/conversation.ts";
import { createWorld, type World } from "./helpers.ts";

let world: World;
let formation: FormationClient;
beforeAll(async () => {
  world = await createWorld();
  await world.run(["up", await world.hello(), "--detach"]);
  const { formations } = parse(await readFile(join(world.home, ".muxi/cli/formations.yaml"), "utf8"));
  const { server_url: serverUrl, client_key: clientKey, admin_key: adminKey } = formations.hello;
  formation = new FormationClient({
    serverUrl,
    formationId: "hello",
    mode: "draft",
    clientKey,
    adminKey,
    userId: "ann",
  });
});
afterAll(() => world.close());

/** A conversation at a terminal: what is typed, and what is on the screen. */
const sitDown = (talksTo = formation) => {
  const keys = Object.assign(new PassThrough(), { isTTY: true });
  const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  let shown = "";
  screen.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const chat = {
    formation: talksTo,
    formationId: "hello",
    isDraft: true,
    agentId: undefined,
    sessionId: undefined,
    onBusy: undefined,
    stream: true,
    verbose: false,
    debug: false,
    readLog: async () => [],
  };
  const done = converse(
    { stdin: keys, stdout: screen, stderr: screen, env: { NO_COLOR: "1" }, home: world.home },
    chat,
  );
  const prompts = () => shown.split("› ").length - 1;
  return {
    done,
    /** Types a line, and gives what was on the screen when the next prompt came. */
    async type(line: string): Promise<string> {
      await until("there is a prompt", () => prompts() > 0);
      const before = shown.length;
      keys.write(`${line}\r`);
      await until(`${line} is answered`, () => shown.slice(before).replace(line, "").includes("› "));
      return shown.slice(before);
    },
    press: (key: string) => keys.write(key),
  };
};

test("keeps its session, and its commands show and change it", async () => {
  const terminal = sitDown();
  expect(await terminal.type("/session")).toContain("starts with your first message");
  expect(await terminal.type("When is the Cox picked?")).toMatch(
    // The answer, and below it the passage that it rests on.
    /last week of September[\s\S]+\n\[1\] knowledge\/[^\n]+last week of\s+September/,
  );
  const session = /sess_[\w-]+/.exec(await terminal.type("/session"))?.[0];
  await terminal.type("Are dogs welcome?");
  expect(await terminal.type("/session")).toContain(session);
  expect(await terminal.type("/history")).toMatch(/When is the Cox picked\?[\s\S]*Are dogs welcome\?/);

  expect(await terminal.type("/agents")).toContain("orchardist");
  expect(await terminal.type("/agent nobody")).toContain("There is no agent 'nobody'");
  expect(await terminal.type("/agent orchardist")).toContain("orchardist answers from now on");
  expect(await terminal.type("/dance")).toContain("There is no command /dance");
  expect(await terminal.type("/help")).toContain("/history");

  await terminal.type("/clear");
  expect(await terminal.type("/session")).toContain("starts with your first message");
  terminal.press("/exit\r");
  expect(await terminal.done).toBe(0);
});

test.each([
  ["Ctrl+C at the prompt", "\u0003"],
  ["Ctrl+D", "\u0004"],
])("%s leaves", async (_, key) => {
  const terminal = sitDown();
  await terminal.type("/session");
  terminal.press(key);
  expect(await terminal.done).toBe(0);
});

test("a call that waits for a yes is made with other arguments when they are typed", async () => {
  const ids = { session_id: "sess_1", request_id: "req_1" };
  const done = {
    ...{
      type: "done",
      ...ids,
      finish_reason: "stop",
      model: "openai/test",
      agent_id: "clerk",
      finished: true,
    },
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  };
  const interrupt = {
    ...{ id: "int_1", kind: "approval", prompt: "May I call note?", expires_at: 2_000_000_000 },
    tool: { name: "note", arguments: { entry: "17" } },
  };
  const progress = { type: "progress", ...ids, timestamp: 1 };
  const server = createTestServer()
    .stream([progress, { type: "text", text: interrupt.prompt }, { ...done, interrupt }])
    .reply({ ...ids, status: "pending" }, 202)
    .stream([progress, { type: "text", text: "Noted 18" }, done]);
  const terminal = sitDown(
    new FormationClient({ url: "http://test", clientKey: "ck", userId: "u", fetch: server.fetch }),
  );
  expect(await terminal.type("Note it")).toContain("e: yes with other arguments");
  expect(await terminal.type("e")).toContain('{"entry":"17"}');
  expect(await terminal.type('{"entry":')).toContain("no JSON object");
  await terminal.type("e");
  expect(await terminal.type('{"entry":"18"}')).toContain("Noted 18");
  expect(server.requests.map(({ json }) => json)[1]).toEqual({
    interrupt_id: "int_1",
    action: "approve",
    edited_args: { entry: "18" },
  });
  terminal.press("\u0004");
  expect(await terminal.done).toBe(0);
});
