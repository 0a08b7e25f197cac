import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { apiAt, collect, keys, manifest, startFormation, textOf, writeFormation } from "./harness.ts";
import { applePicture } from "./mcp-orchard.ts";
import { commandServer } from "./mcp-servers.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

const modelledBy = ({ url }: ModelServer, more = "") => `${manifest}
llm:
  settings: { base_url: "${url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
${more}`;

const openModels = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  return models;
};

const agent = (id: string, description: string) => `schema: "1.0.0"
id: ${id}
name: ${id}
description: ${description}
system_message: You are the ${id}.
`;

// biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
const bodyOf = async (models: ModelServer, index: number) => (await models.request(index)).body as any;

test("a tool of an MCP server is called in a chat, and the stream tells of it", async () => {
  const api = await startFormation(
    await writeFormation({ "mcp/trees.afs": commandServer("trees", "tools: { allow: count_trees }") }),
    { env: { PATH: process.env.PATH ?? "" } },
  );
  const frames = await collect(await api.stream({ message: 'call:trees__count_trees {"kind":"pear"}' }));
  expect(frames.map(({ data }) => data)).toMatchObject([
    { type: "progress" },
    { type: "tool_call", name: "trees__count_trees", arguments: { kind: "pear" } },
    { type: "tool_result", name: "trees__count_trees", content: "12 pear trees", is_error: false },
    ...Array(frames.length - 4).fill({ type: "text" }),
    { type: "done", finish_reason: "stop" },
  ]);
  expect((await api.chat('call:trees__count_trees {"kind":"plum"}')).body.data.message.content).toBe(
    "trees__count_trees answered: 12 plum trees",
  );
});

test.each([
  ["goes to the model that sees", "    - { vision: openai/seeing-model, api_key: sk-test }\n"],
  ["is described where none sees", ""],
])("an image of a tool's result %s", async (_, vision) => {
  const models = await openModels();
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models:
    - { text: openai/test-model, api_key: sk-test }
${vision}`,
    "mcp/trees.afs": commandServer("trees", "tools: { allow: photo }"),
  });
  const api = await startFormation(dir, { env: { PATH: process.env.PATH ?? "" } });
  models.reply({ text: [], toolCalls: [{ id: "c1", name: "trees__photo", arguments: ["{}"] }] });
  const frames = await collect(await api.stream({ message: "Look at the apple" }));
  const content = "An apple:\n[image: image/png, 72 bytes]";
  expect(frames.find(({ event }) => event === "tool_result")?.data).toMatchObject({ content });
  const { model, messages } = await bodyOf(models, 1);
  const result = { role: "tool", tool_call_id: "c1", content };
  if (vision === "") {
    expect([model, messages.at(-1)]).toEqual(["test-model", result]);
    return;
  }
  const url = `data:image/png;base64,${applePicture}`;
  expect(model).toBe("seeing-model");
  expect(messages.slice(-2)).toEqual([
    result,
    {
      role: "user",
      content: [
        { type: "text", text: "[Images of the result of trees__photo]" },
        { type: "image_url", image_url: { url } },
      ],
    },
  ]);
});

test("the stream says which servers are still starting when their tools are missing", async () => {
  const api = await startFormation(
    await writeFormation({
      "formation.afs": `${manifest}mcp: { startup_timeout_seconds: 0.2 }\n`,
      "mcp/slow.afs": `id: slow\ndescription: x\ntype: command\ncommand: sleep\nargs: ["60"]\n`,
    }),
    { env: { PATH: process.env.PATH ?? "" } },
  );
  const frames = await collect(await api.stream({ message: "Hello" }));
  expect(frames.map(({ data }) => data)).toContainEqual(
    expect.objectContaining({
      type: "progress",
      stage: "tools_missing",
      content: "Answered without the tools of slow, which are still starting",
    }),
  );
  expect(frames.at(-1)?.data).toMatchObject({ type: "done", finish_reason: "stop" });
});

test("an agent asks another one, and the usage of both is summed", async () => {
  const models = await openModels();
  const api = await startFormation(
    await writeFormation({
      "formation.afs": modelledBy(models),
      "agents/keeper.afs": agent("keeper", "Talks to visitors"),
      "agents/pruner.afs": agent("pruner", "Knows when to prune"),
    }),
  );
  models.reply(
    {
      text: [],
      toolCalls: [
        { id: "c1", name: "ask_agent", arguments: ['{"agent":"pruner","task":"When are plums pruned?"}'] },
      ],
      usage: { input: 10, output: 1 },
    },
    { text: ["In summer."], usage: { input: 5, output: 2 } },
    { text: ["The pruner says: in summer."], usage: { input: 20, output: 3 } },
  );
  const { body } = await api.chat("Hello visitors: when do I prune plums?");
  expect(body.data.message.content).toBe("The pruner says: in summer.");
  expect(body.data.usage).toEqual({ input_tokens: 35, output_tokens: 6, total_tokens: 41 });
  const asked = (await bodyOf(models, 1)).messages;
  expect(asked[0].content).toContain("You are the pruner.");
  expect(asked.at(-1)).toEqual({ role: "user", content: "When are plums pruned?" });
  expect((await bodyOf(models, 2)).messages.at(-1)).toMatchObject({ role: "tool", content: "In summer." });
});

test("agents asking agents come to an end", async () => {
  const models = await openModels();
  const api = await startFormation(
    await writeFormation({
      "formation.afs": modelledBy(models),
      "agents/keeper.afs": agent("keeper", "Talks"),
      "agents/pruner.afs": agent("pruner", "Prunes"),
    }),
  );
  models.defaultReply = ({ body }) => {
    const { tools, messages } = body as { tools?: object[]; messages: { role: string }[] };
    const peer = JSON.stringify(messages[0]).includes("You are the keeper.") ? "pruner" : "keeper";
    if (!tools || messages.at(-1)?.role === "tool") return { text: ["Enough."] };
    return {
      text: [],
      toolCalls: [{ id: "c1", name: "ask_agent", arguments: [`{"agent":"${peer}","task":"You do it"}`] }],
    };
  };
  expect((await api.chat("Go")).body.data.message.content).toBe("Enough.");
  // Five are asked, each twice but the last, who can ask nobody.
  expect(models.requests.length).toBe(11);
});

test("agents that ask one another without end spend of one budget, and the user is told", async () => {
  const models = await openModels();
  const api = await startFormation(
    await writeFormation({
      "formation.afs": modelledBy(models),
      "agents/keeper.afs": agent("keeper", "Talks"),
      "agents/pruner.afs": agent("pruner", "Prunes"),
    }),
  );
  let tasks = 0;
  let underWay = 0;
  let mostUnderWay = 0;
  models.defaultReply = ({ body, over }) => {
    mostUnderWay = Math.max(mostUnderWay, ++underWay);
    void over.then(() => underWay--);
    const { tool_choice, tools } = body as { tool_choice?: string; tools?: object[] };
    if (tool_choice === "none" || !tools) return { text: ["Enough."] };
    const call = (peer: string) => ({
      id: `c${++tasks}`,
      name: "ask_agent",
      arguments: [`{"agent":"${peer}","task":"Part ${tasks}"}`],
    });
    return {
      text: [],
      toolCalls: Array.from({ length: 40 }, (_, index) => call(["pruner", "keeper"][index % 2] ?? "")),
    };
  };
  const frames = await collect(await api.stream({ message: "Go" }));
  expect(textOf(frames)).toBe("Enough.");
  expect(frames.map(({ data }) => data)).toContainEqual(
    expect.objectContaining({
      type: "progress",
      stage: "limit_reached",
      content: "The limit of 50 tool calls is reached: the answer may lack something",
    }),
  );
  // One for each call at most, and a last one for each agent that had some.
  expect(models.requests.length).toBeLessThan(110);
  // The end of an answer is seen here a little later than there.
  expect(mostUnderWay).toBeLessThan(32);
});

test("a formation without tools asks its model without any", async () => {
  const models = await openModels();
  const api = await startFormation(await writeFormation({ "formation.afs": modelledBy(models) }));
  await api.chat("Hello");
  expect(await bodyOf(models, 0)).not.toHaveProperty("tools");
});

test("a guide that the message names is in the prompt, whole", async () => {
  const models = await openModels();
  const api = await startFormation(
    await writeFormation({
      "formation.afs": modelledBy(models),
      "sops/frost-alarm.md":
        "---\ntype: sop\nmode: guide\ntags: frost\n---\n## Steps\n1. Read the forecast\n   of tonight\n2. Tell the staff\n",
    }),
  );
  await api.chat("Start the frost alarm");
  await api.chat("Hello");
  const systemOf = async (index: number) => (await bodyOf(models, index)).messages[0].content;
  expect(await systemOf(0)).toContain("1. Read the forecast\n   of tonight\n2. Tell the staff");
  expect(await systemOf(1)).not.toContain("forecast");
});

test("after kill -9 of the formation its servers end too", async () => {
  const dir = await writeFormation({
    "formation.afs": `${manifest}server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }\n`,
    "mcp/trees.afs": commandServer("trees", "env: { CARELESS: 1 }"),
  });
  const main = fileURLToPath(import.meta.resolve("../src/main.ts"));
  const child = spawn(process.execPath, ["--conditions=muxi-source", main, dir], {
    env: { PATH: process.env.PATH, PORT: "0" },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const [{ port }] = await once(child, "message");
  const { body } = await apiAt(`http://127.0.0.1:${port}`).chat("call:trees__process_id");
  const pid = Number(/\d+/.exec(body.data.message.content)?.[0]);
  expect(process.kill(pid, 0)).toBe(true);
  child.kill("SIGKILL");
  await until("the program has ended", () => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  });
});
