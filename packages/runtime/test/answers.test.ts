import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, collect, manifest, startFormation, textOf, writeFormation } from "./harness.ts";
import { commandServer } from "./mcp-servers.ts";
import { type ModelServer, type Reply, startModelServer } from "./model-server.ts";

const ann = { user: "ann" };

interface Opened {
  api: Api;
  models: ModelServer;
}

/** A formation with a model and some lines of its manifest. */
const open = async (
  more: string,
  { llm = "", files = {} }: { llm?: string; files?: Record<string, string> } = {},
  options: Parameters<typeof startFormation>[1] = {},
): Promise<Opened> => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const text = `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0${llm} }
  models: [{ text: openai/test-model, api_key: sk-test }]
${more}
`;
  const dir = await writeFormation({ "formation.afs": text, ...files });
  return { api: await startFormation(dir, options), models };
};

const promptOf = (models: ModelServer, index: number): string => JSON.stringify(models.requests[index]?.body);

const asking = (question: string): Reply => ({
  text: [],
  toolCalls: [{ id: "c1", name: "ask_user", arguments: [JSON.stringify({ question })] }],
});

describe("overlord.response.format", () => {
  const contentOf = async ({ api }: Opened, body: object = {}) =>
    (await api.call("POST", "/chat", { ...ann, body: { message: "Hi", stream: false, ...body } })).body.data
      .message.content;

  test.each([
    ["json", ['{"pe', 'ars": 12}'], '{"pears": 12}'],
    ["json", ["```json\n[1, 2]\n```"], "[1, 2]"],
    ["html", ["<p>12 <b>pears</b><br></p>"], "<p>12 <b>pears</b><br></p>"],
    ["text", ["12 pears"], "12 pears"],
    ["markdown", ["**12** pears"], "**12** pears"],
  ])("%s is asked for, and an answer in it is given as it is", async (format, text, expected) => {
    const formation = await open(`overlord: { response: { format: ${format} } }`);
    formation.models.reply({ text });
    expect(await contentOf(formation)).toBe(expected);
    expect(formation.models.requests).toHaveLength(1);
    expect(promptOf(formation.models, 0).includes("Write your answer as")).toBe(format !== "markdown");
  });

  test.each([
    ["json", "There are 12.", '{"pears":12}', '{"pears":12}'],
    ["json", "There are 12.", "Still 12.", '{"content":"There are 12."}'],
    ["html", "<p>12 < 13", "<p>12 &lt; 13</p>", "<p>12 &lt; 13</p>"],
    ["html", "<b>12</p>", "12", "<p>&lt;b&gt;12&lt;/p&gt;</p>"],
  ])(
    "an answer that is no %s is written anew once, and wrapped then",
    async (format, first, second, expected) => {
      const formation = await open(`overlord: { response: { format: ${format} } }`);
      formation.models.reply({ text: [first] }, { text: [second] });
      const frames = await collect(
        await formation.api.stream({ message: "How many?", session_id: "s1" }, ann),
      );
      expect(textOf(frames)).toBe(expected);
      expect(formation.models.requests).toHaveLength(2);
      expect(frames.at(-1)?.data.usage).toEqual({ input_tokens: 20, output_tokens: 10, total_tokens: 30 });
      const { body } = await formation.api.get("/sessions/s1/messages", ann);
      expect(body.data.messages.at(-1).content).toBe(expected);
    },
  );

  test("one call may ask for another format, also in the background", async () => {
    const formation = await open("");
    formation.models.defaultReply = { text: ["{}"] };
    expect(await contentOf(formation, { format: "json" })).toBe("{}");
    expect(promptOf(formation.models, 0)).toContain("valid JSON");
    const body = { message: "Hi", mode: "async", format: "html", request_id: "req_1" };
    await formation.api.call("POST", "/chat", { ...ann, body });
    await untilExpected("the request is answered in HTML", async () =>
      expect((await formation.api.get("/requests/req_1", ann)).body.data.result).toBe("<p>{}</p>"),
    );
  });

  test("what is said before a tool is called is no part of the JSON", async () => {
    const formation = await open(
      "overlord: { response: { format: json } }",
      { files: { "mcp/trees.afs": commandServer("trees", "tools: { allow: count_trees }") } },
      { env: { PATH: process.env.PATH ?? "" } },
    );
    formation.models.reply(
      {
        text: ["Let me count."],
        toolCalls: [{ id: "c1", name: "trees__count_trees", arguments: ['{"kind":"pear"}'] }],
      },
      { text: ['{"pears":12}'] },
    );
    const frames = await collect(await formation.api.stream({ message: "How many?" }, ann));
    expect(frames.map(({ event }) => event)).toEqual([
      "progress",
      "tool_call",
      "tool_result",
      "text",
      "done",
    ]);
    expect(textOf(frames)).toBe('{"pears":12}');
  });
});

test("without overlord.response.progress a stream has its ids, its text and its end", async () => {
  const { api, models } = await open(
    "overlord: { response: { progress: false } }",
    { files: { "mcp/trees.afs": commandServer("trees", "tools: { allow: count_trees }") } },
    { env: { PATH: process.env.PATH ?? "" } },
  );
  models.reply(
    { text: [], toolCalls: [{ id: "c1", name: "trees__count_trees", arguments: ['{"kind":"pear"}'] }] },
    { text: ["Twelve."] },
  );
  const frames = await collect(await api.stream({ message: "How many pears?" }, ann));
  expect(frames.map(({ event }) => event)).toEqual(["progress", "text", "done"]);
  expect(textOf(frames)).toBe("Twelve.");
});

describe("overlord.clarification", () => {
  const reply = (api: Api, message: string, id: string | undefined) =>
    api.call("POST", "/chat", {
      ...ann,
      body: { message, stream: false, session_id: "s1", ...(id !== undefined && { request_id: id }) },
    });

  test("max_rounds.direct ends the questions of a request: the agent goes on with assumptions", async () => {
    const { api, models } = await open("overlord: { clarification: { max_rounds: { direct: 2 } } }");
    models.reply(asking("Which field?"), asking("Which row?"), { text: ["I take the first row."] });
    const first = (await reply(api, "Plant it", undefined)).body.data;
    expect(first.message.metadata.clarification).toMatchObject({ question: "Which field?", round: 1 });
    const second = (await reply(api, "The north one", first.request_id)).body.data;
    expect(second.message.metadata.clarification).toMatchObject({ question: "Which row?", round: 2 });
    const third = (await reply(api, "No idea", first.request_id)).body.data;
    expect(third.message.content).toBe("I take the first row.");
    expect(third.message.metadata.clarification).toBeUndefined();
    expect([0, 1, 2].map((index) => promptOf(models, index).includes('"ask_user"'))).toEqual([
      true,
      true,
      false,
    ]);
    expect(promptOf(models, 2)).toContain("say in your answer what you have assumed");
  });

  test.each([
    ["max_questions: 1", true],
    ["max_questions: 1, max_rounds: { direct: 2 }", false],
  ])("an old %s is the limit where no other is named", async (limits, isLast) => {
    const { api, models } = await open(`overlord: { clarification: { ${limits} } }`);
    models.reply(asking("Which field?"));
    const { request_id } = (await reply(api, "Plant it", undefined)).body.data;
    await reply(api, "The north one", request_id);
    expect(promptOf(models, 1).includes("You have asked the user often enough")).toBe(isLast);
  });

  test.each([
    ["enabled: false", false],
    ["enabled: false, style: formal, max_rounds: { direct: 5 }", false],
    ["enabled: true", true],
    ["enabled: true, max_rounds: { direct: 0 }", false],
  ])("{ %s } offers the agent a question to the user: %s", async (fields, isOffered) => {
    const { api, models } = await open(`overlord: { clarification: { ${fields} } }`);
    await api.chat("Hi", ann);
    expect(promptOf(models, 0).includes('"ask_user"')).toBe(isOffered);
  });

  test.each([
    ["formal", "ask formally"],
    ["brief", "in as few words"],
  ])("style %s is told to the agent that may ask", async (style, told) => {
    const { api, models } = await open(`overlord: { clarification: { style: ${style} } }`);
    await api.chat("Hi", ann);
    expect(promptOf(models, 0)).toContain(told);
  });
});

describe("llm.settings.caching", () => {
  test("gives the answer to the very same question again, in sentences and without tokens", async () => {
    const { api, models } = await open("memory: { persistent: { extraction: false } }", {
      llm: ", caching: {}",
    });
    models.reply({ text: ["Prune in ", "winter. Not", " in v1.5 weather!"] }, { text: ["Something else."] });
    const first = await api.chat("When do I prune?", ann);
    const frames = await collect(await api.stream({ message: "When do I prune?" }, ann));
    expect(textOf(frames)).toBe("Prune in winter. Not in v1.5 weather!");
    expect(textOf(frames)).toBe(first.body.data.message.content);
    expect(frames.flatMap(({ data }) => (data.type === "text" ? [data.text] : []))).toHaveLength(2);
    expect(frames.at(-1)?.data.usage).toEqual({ input_tokens: 0, output_tokens: 0, total_tokens: 0 });
    expect(models.requests).toHaveLength(1);
    expect((await api.chat("When do I prune plums?", ann)).body.data.message.content).toBe("Something else.");
  });

  test.each([
    ["a formation does not ask for it", ""],
    ["it is switched off", ", caching: { enabled: false }"],
    ["answers are kept for no time", ", caching: { ttl: 0 }"],
  ])("asks the model each time where %s", async (_, llm) => {
    const { api, models } = await open("memory: { persistent: { extraction: false } }", { llm });
    await api.chat("When do I prune?", ann);
    await api.chat("When do I prune?", ann);
    expect(models.requests).toHaveLength(2);
  });

  test("forgets after ttl, and beyond max_entries what was used longest ago", async () => {
    let now = Date.parse("2030-01-01T00:00:00Z");
    const { api, models } = await open(
      "memory: { persistent: { extraction: false } }",
      { llm: ", caching: { max_entries: 2, ttl: 60 }" },
      { now: () => now },
    );
    for (const message of ["a", "b", "a", "c", "a"]) await api.chat(message, ann);
    expect(models.requests).toHaveLength(3);
    await api.chat("b", ann);
    expect(models.requests).toHaveLength(4);
    now += 59_000;
    await api.chat("b", ann);
    expect(models.requests).toHaveLength(4);
    now += 1_001;
    await api.chat("b", ann);
    expect(models.requests).toHaveLength(5);
  });

  test("takes no memory for entries that there may never be", async () => {
    const { api, models } = await open("", { llm: ", caching: { max_entries: 1000000000 }" });
    await api.chat("Hi", ann);
    await api.chat("Hi", ann);
    expect(models.requests).toHaveLength(1);
  });

  test("keeps no answer that broke off", async () => {
    const { api, models } = await open("", { llm: ", caching: {}" });
    models.reply({ text: ["Half", " an answer"], cutAfter: 2 });
    expect((await api.chat("Hi", ann)).status).toBe(502);
    expect((await api.chat("Hi", ann)).body.data.message.content).toBe("Hello from the model.");
  });
});
