import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createWorld, toolServer, type World } from "./helpers.ts";
import { openTerminal, type PseudoTerminal, type TerminalSettings } from "./pseudo-terminal.ts";

const say = (response: ServerResponse, delta: object): void =>
  void response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);

const tellPieces = (response: ServerResponse, text: string): void => {
  for (const piece of text.match(/[\s\S]{1,5}/gu) ?? []) say(response, { content: piece });
};

const markdown = `# Cox

The **Cox** is \`ready\` when 林檎の収穫は九月の最後の週に始まります and then it *comes* away.

| Apple | Price |
|---|--:|
| Cox | 1.20 |

- one
- two
`;

const replies: Readonly<Record<string, string>> = {
  half: "Half of a sentence that",
  attack: "a\u001b]0;stolen\u0007b\u001b[2Jc",
  silence: "",
};

/** A model that does what the last word of a message says. */
const answerAs = (response: ServerResponse, message: string): void => {
  const word = /\w*$/.exec(message.trimEnd())?.[0] ?? "";
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (word === "grow") {
    say(response, {
      tool_calls: [{ index: 0, id: "call_1", function: { name: "garden__grow", arguments: "{}" } }],
    });
  } else if (word === "me") tellPieces(response, `You said: ${JSON.stringify(message)}`);
  else tellPieces(response, replies[word] ?? markdown);
  if (word === "silence" || word === "half") return;
  const reason = word === "grow" ? "tool_calls" : "stop";
  const end = { choices: [{ index: 0, delta: {}, finish_reason: reason }] };
  response.end(`data: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`);
};

let world: World;
let model: Server;
beforeAll(async () => {
  model = createServer(async (request, response) => {
    const { messages, stream } = (await json(request)) as {
      messages: { content: unknown }[];
      stream?: boolean;
    };
    if (stream) return answerAs(response, String(messages.at(-1)?.content));
    response.end(JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content: "[]" } }] }));
  }).listen(0, "127.0.0.1");
  await once(model, "listening");
  const address = model.address();
  const port = typeof address === "object" && address ? address.port : 0;
  world = await createWorld({ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: "sk-test" });
  const tools = [{ name: "grow", description: "Grows apples", inputSchema: { type: "object" } }];
  const folder = await world.formation("orchard", {
    "agents/grower.afs": 'schema: "1.0.0"\nid: grower\nname: Grower\ndescription: Grows\n',
    "mcp/garden.afs": toolServer("garden", tools),
  });
  const { code, stderr } = await world.run(["up", folder, "--detach"]);
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await world.close();
  model.closeAllConnections();
  model.close();
});

const talk = async (settings?: TerminalSettings): Promise<PseudoTerminal> => {
  const terminal = await openTerminal(world, ["chat"], settings);
  await terminal.shows("› ");
  return terminal;
};

/** Waits for the prompt below an answer. */
const prompts = (terminal: PseudoTerminal, count: number): Promise<unknown> =>
  until(
    `there are ${count} prompts`,
    () => terminal.lines().filter((line) => line.startsWith("›")).length === count,
  );

const leave = async (terminal: PseudoTerminal): Promise<void> => {
  terminal.type("\u0004");
  expect(await terminal.done).toBe(0);
};

test("Markdown is laid out for the width, with wide characters, and again for another width", async () => {
  const terminal = await talk({ columns: 40 });
  terminal.type("tell it\r");
  await prompts(terminal, 2);
  const shown = terminal.lines().join("\n");
  expect(shown).toContain(
    [
      "› tell it",
      "Cox",
      "",
      "The Cox is ready when 林檎の収穫は九月",
      "の最後の週に始まります and then it",
      "comes away.",
      "",
      "Apple │ Price",
      "──────┼──────",
      "Cox   │  1.20",
      "",
      "• one",
      "• two",
      "",
      "› ",
    ].join("\n"),
  );
  expect(terminal.written()).toContain("\u001b[1mCox\u001b[22m");
  await terminal.resize(24);
  terminal.type("once more\r");
  await prompts(terminal, 3);
  expect(terminal.lines().join("\n")).toContain(
    ["林檎の収穫は九月の最後", "の週に始まります and", "then it comes away."].join("\n"),
  );
  await leave(terminal);
});

test("NO_COLOR leaves the marks, and nothing is coloured", async () => {
  const terminal = await talk({ env: { NO_COLOR: "1" } });
  terminal.type("tell it\r");
  await prompts(terminal, 2);
  expect(terminal.lines().join("\n")).toContain("# Cox\n\nThe **Cox** is `ready`");
  expect(terminal.written()).not.toMatch(/\p{Cc}\[[\d;]*m/u);
  await leave(terminal);
});

test("a piped answer is what the model said", async () => {
  const file = join(world.home, "piped.txt");
  const terminal = await openTerminal(world, ["chat", "tell it"], { redirection: `> '${file}'` });
  expect(await terminal.done).toBe(0);
  expect(await readFile(file, "utf8")).toBe(markdown);
  expect(terminal.lines().join("").trim()).toBe("");
});

test("what a model says cannot command the terminal", async () => {
  const terminal = await talk();
  terminal.type("attack\r");
  await terminal.shows("a]0;stolenb[2Jc");
  expect(terminal.written()).not.toContain("\u001b]0;");
  await leave(terminal);
});

test("pasted lines are one message, which is sent by Enter only", async () => {
  const terminal = await talk({ columns: 100 });
  expect(terminal.written()).toContain("\u001b[?2004h");
  terminal.type("\u001b[200~one\r\ntwo\nthree\n\u001b[201~");
  await terminal.shows("› one⏎two⏎three");
  terminal.type(" me\r");
  await terminal.shows('one\\ntwo\\nthree me"');
  await prompts(terminal, 2);
  await leave(terminal);
});

test("Ctrl+C clears what is half typed, and then ends the conversation", async () => {
  const terminal = await talk({ columns: 100 });
  terminal.type("half of a thoug");
  await terminal.shows("› half of a thoug");
  terminal.type("\u0003");
  await terminal.shows(/^› ?$/m);
  terminal.type("repeat me\r");
  await terminal.shows('repeat me"');
  await prompts(terminal, 2);
  terminal.type("\u0003");
  expect(await terminal.done).toBe(0);
});

test("Ctrl+C stops an answer, and what was typed meanwhile is in the next line", async () => {
  const terminal = await talk();
  terminal.type("give half\r");
  await terminal.shows("Half of a sentence that");
  terminal.type("\u0003");
  await terminal.shows("(stopped)");
  terminal.type("give half\r");
  await terminal.shows(/stopped[\s\S]*Half of a sentence that/);
  terminal.type("next");
  terminal.type("\u0003/session\r");
  await terminal.shows(/stopped[\s\S]*stopped[\s\S]*› \/session\n/);
  await leave(terminal);
});

test("Tab completes commands and agents", async () => {
  const terminal = await talk();
  terminal.type("/hist\t");
  await terminal.shows("› /history");
  terminal.type("\u0003/agent gr\t");
  await terminal.shows("› /agent grower");
  terminal.type("\r");
  await terminal.shows("grower answers from now on");
  await leave(terminal);
});

test("messages of earlier runs come back with the arrow, from a file of the user alone that is bounded", async () => {
  const file = join(world.home, ".muxi/cli/history");
  const many = Array.from({ length: 600 }, (_, at) => `message ${at}`);
  await writeFile(file, `${many.join("\n")}\n`);
  const first = await talk();
  first.type("/session\r");
  await prompts(first, 2);
  first.type(" /help\r");
  await prompts(first, 3);
  await leave(first);
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(500);
  expect(lines.slice(-2)).toEqual(["message 599", "/session"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const second = await talk();
  second.type("\u001b[A");
  await second.shows("› /session");
  second.type("\u001b[A");
  await second.shows("› message 599");
  second.type("\u0003");
  await leave(second);
});

test("while one waits, the tool is named", async () => {
  const terminal = await talk();
  terminal.type("let it grow\r");
  await terminal.shows(/Calling \S*grow/);
  terminal.type("\u0003");
  await terminal.shows("(stopped)");
  expect(terminal.lines().join("\n")).not.toContain("Calling");
  await leave(terminal);
});

test.each([
  ["at once", "give silence", ""],
  ["within a sentence", "give half", "Half of a sentence that"],
])("a model that falls silent %s is named after ten seconds", async (_, message, text) => {
  const terminal = await talk();
  terminal.type(`${message}\r`);
  await terminal.shows(new RegExp(`${text}\\n?. Still waiting for openai/\\S+, 1\\d s`));
  terminal.type("\u0003");
  await terminal.shows("(stopped)");
  expect(terminal.lines().join("\n")).not.toContain("Still waiting");
  expect(terminal.lines().join("\n")).toContain(text);
  await leave(terminal);
});
