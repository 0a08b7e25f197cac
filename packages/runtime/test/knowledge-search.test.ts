import { utimes } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { type ReceivedRequest, startModelServer } from "./model-server.ts";

const ann = { user: "ann" };

const documents = {
  "docs/tickets.md":
    "# Tickets\n\nA ticket for the orchard walk is five pounds.\n\n# Discounts\n\nChildren pay half.\n",
  "docs/cellar.md": "# Cellar\n\nThe cellar is not for children.\n",
  "docs/plums.md": "# Plums\n\nPlums are picked in August.\n",
};

/** A formation whose agent knows the documents. @param settings Of its knowledge. */
const open = async (settings: string, { files = documents as Record<string, string>, agents = "" } = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    ...files,
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
agents:
  - id: guide
    name: Guide
    description: Knows walks
    knowledge: { sources: [{ path: docs, recursive: true }], ${settings} }
${agents}
`,
  });
  for (const name of Object.keys(files)) {
    const changed = new Date(name.includes("2024") ? "2024-05-01T12:00Z" : "2026-01-01T12:00Z");
    await utimes(path.join(dir, name), changed, changed);
  }
  const warnings: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => warnings.push(JSON.parse(line).msg) });
  const api = await startFormation(dir, { log });
  await api.call("POST", "/agents/guide/knowledge/sync", { key: "admin", body: {} });
  const say = (message: string) => api.chat(message, { ...ann, session: "s1" });
  return { api, models, say, warnings };
};

/** What the model reads of the documents with the last message, line by line. */
const foundIn = (request: ReceivedRequest | undefined): string[] => {
  const { messages } = JSON.parse(String(request?.bytes));
  const [, documents = ""] = messages
    .at(-1)
    .content.split("From your documents (name the source when you use one):\n");
  const [found = ""] = documents.split("\nThe time is");
  return found.split("\n").filter((line: string) => line !== "");
};

const sourcesIn = (request: ReceivedRequest | undefined) =>
  foundIn(request).filter((line) => line.startsWith("["));

test("a message that leans on the one before it finds what both are about, as one passage", async () => {
  const { models, say } = await open("");
  await say("How much is a ticket for the orchard walk?");
  await say("And for children?");
  expect(sourcesIn(models.requests[1])[0]).toBe("[docs/tickets.md]");
  expect(foundIn(models.requests[1]).slice(1, 5)).toEqual([
    "> Tickets",
    "> A ticket for the orchard walk is five pounds.",
    "> ",
    "> Discounts",
  ]);
});

test("a model completes a message that leans on others, where the agent names one for it; no other message is sent to it", async () => {
  const { models, say } = await open(
    "follow_ups: { model: openai/test-model, timeout_seconds: 60 }, max_context_tokens: 1",
  );
  models.reply({}, { text: ['{"question":"When are plums picked?"}'] });
  await say("How much is a ticket for the orchard walk?");
  await say("And the other thing?");
  expect(models.requests).toHaveLength(3);
  const { messages, response_format } = JSON.parse(String(models.requests[1]?.bytes));
  expect(JSON.parse(messages.at(-1).content)).toEqual({
    messages: ["How much is a ticket for the orchard walk?", "And the other thing?"],
  });
  expect(JSON.stringify(response_format)).toContain('"question"');
  expect(sourcesIn(models.requests[2])).toEqual(["[docs/plums.md]"]);
});

/** The numbers of passages in a request to a reranker, in the order of words that their texts have. */
const indexesOf = (texts: readonly string[], ...words: readonly string[]) =>
  words.map((word) => texts.findIndex((text) => text.includes(word)));

const parsed = (request: ReceivedRequest | undefined) => JSON.parse(String(request?.bytes));

test.each([
  ["cohere", "results", {}],
  ["voyage", "data", {}],
  ["jina", "results", { return_documents: false }],
])("the API of %s puts passages into order", async (provider, field, more) => {
  const { models, say } = await open(
    `rerank: { model: ${provider}/order-1, api_key: sk-order, timeout_seconds: 60 }`,
  );
  models.reply((request) => {
    const [cellar, tickets] = indexesOf(parsed(request).documents, "cellar", "orchard");
    const results = [
      { index: tickets, relevance_score: 0.1 },
      { index: cellar, relevance_score: 0.9 },
      { index: 99, relevance_score: 1 },
    ];
    return { status: 200, body: JSON.stringify({ [field]: results }) };
  });
  await say("Is the orchard walk or the cellar for children?");
  const [asked, answered] = models.requests;
  expect(asked).toMatchObject({ path: "/v1/rerank", headers: { authorization: "Bearer sk-order" } });
  expect(parsed(asked)).toEqual({
    model: "order-1",
    query: "Is the orchard walk or the cellar for children?",
    documents: expect.arrayContaining([expect.stringContaining("Children pay half.")]),
    ...more,
  });
  // The other one fits far less well.
  expect(sourcesIn(answered)).toEqual(["[docs/cellar.md]"]);
});

test("a language model puts passages into order, and leaves out what does not help", async () => {
  const { models, say } = await open("rerank: { model: openai/test-model, timeout_seconds: 60 }");
  models.reply((request) => {
    const { question, passages } = JSON.parse(parsed(request).messages.at(-1).content);
    expect(question).toBe("Is the orchard walk or the cellar for children?");
    const order = indexesOf(
      passages.map(({ text }: { text: string }) => text),
      "half",
      "cellar",
    );
    return { text: [`{"passages":[${order.join()}, 99, ${order[0]}]}`] };
  });
  await say("Is the orchard walk or the cellar for children?");
  expect(foundIn(models.requests[1])).toEqual([
    "[docs/tickets.md]",
    "> Discounts",
    "> Children pay half.",
    "[docs/cellar.md]",
    "> Cellar",
    "> The cellar is not for children.",
  ]);
});

test.each([
  ["fails", { status: 500 }],
  ["answers what is no order", { status: 200, body: '{"results":[{"index":"first"}]}' }],
  ["takes too long", { before: new Promise<never>(() => {}) }],
])("passages keep their order when the reranker %s, with a warning", async (_, reply) => {
  const question = "Is the orchard walk or the cellar for children?";
  const plain = await open("");
  await plain.say(question);
  const { models, say, warnings } = await open(
    "rerank: { model: cohere/order-1, api_key: sk-order, timeout_seconds: 0.2 }",
  );
  models.reply(reply);
  expect((await say(question)).status).toBe(200);
  expect(foundIn(models.requests.at(-1))).toEqual(foundIn(plain.models.requests[0]));
  expect(warnings).toEqual(["passages are not reranked: they keep their order"]);
});

test("a model that completes no question leaves a message to the words before it", async () => {
  const { models, say, warnings } = await open(
    "follow_ups: { model: openai/test-model, timeout_seconds: 60 }",
  );
  models.reply({}, { text: ["I cannot."] });
  await say("How much is a ticket for the orchard walk?");
  await say("And for children?");
  expect(sourcesIn(models.requests[2])[0]).toBe("[docs/tickets.md]");
  expect(warnings).toEqual([
    "the model completed no question: the words of earlier messages are searched for",
  ]);
});

const toolsIn = (request: ReceivedRequest | undefined): string[] =>
  (parsed(request).tools ?? []).map((tool: { function: { name: string } }) => tool.function.name);

/** What the model is told when it searches, and what tools it has. */
const searchedWith = async (args: object, more?: Parameters<typeof open>[1]) => {
  const { models, say } = await open("", more);
  models.reply({
    text: [],
    toolCalls: [{ id: "call_1", name: "search_knowledge", arguments: [JSON.stringify(args)] }],
  });
  await say("Hello");
  const [asked, answered] = models.requests;
  const content: string = parsed(answered).messages.at(-1).content;
  return { names: toolsIn(asked), content };
};

const policies = {
  "docs/2024/holidays.md": "Holidays are 25 days.",
  "docs/2025/holidays.md": "Holidays are 28 days.",
  "docs/2025/travel.md": "Travel in holidays is not paid.",
  "secret/other.md": "Holidays of the board are 90 days.",
};
const board =
  "  - { id: board, name: Board, description: Knows the board, knowledge: { sources: [{ path: secret }] } }";

test.each([
  [{}, ["docs/2024/holidays.md", "docs/2025/holidays.md", "docs/2025/travel.md"]],
  [{ source: "*HOLIDAYS*" }, ["docs/2024/holidays.md", "docs/2025/holidays.md"]],
  [{ source: "docs/202?/holidays.md", path: "./docs/2025/" }, ["docs/2025/holidays.md"]],
  [{ path: "docs/2025" }, ["docs/2025/holidays.md", "docs/2025/travel.md"]],
  [{ changed_from: "2025-05-02" }, ["docs/2025/holidays.md", "docs/2025/travel.md"]],
  [{ changed_until: "2025-05-01" }, ["docs/2024/holidays.md"]],
  [{ source: "docs_2025*" }, []],
  [{ path: "secret" }, []],
])("an agent searches its documents again, and those of no other: %j", async (filter, found) => {
  const { names, content } = await searchedWith(
    { query: "holidays", ...filter },
    { files: policies, agents: board },
  );
  expect(names).toEqual(["search_knowledge", "ask_agent"]);
  const sources = [...content.matchAll(/^\[(.*)\]$/gm)].map(([, source]) => source);
  expect(sources.sort()).toEqual(found);
  if (found.length === 0)
    expect(content).toBe("Nothing in the documents fits. Try other words, or fewer filters.");
});

test("a search that an agent writes wrongly is told why", async () => {
  const { names, content } = await searchedWith({ query: " ", changed_from: "May" });
  expect(names).toEqual(["search_knowledge"]);
  expect(content).toMatch(/^The search was not made: query: .*; changed_from: /);
});

test("an agent whose knowledge says so has no search of its own; nor has one without documents", async () => {
  const agents = "  - { id: clerk, name: Clerk, description: Writes invoices, a2a: { internal: false } }";
  const { api, models, say } = await open("search_tool: false", { agents });
  await say("Where is the cellar?");
  await api.call("POST", "/chat", { ...ann, body: { message: "Hello", agent_id: "clerk", stream: false } });
  expect(models.requests.map(toolsIn)).toEqual([[], ["ask_agent"]]);
});
