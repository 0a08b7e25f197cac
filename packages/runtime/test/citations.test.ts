import { readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import {
  type Api,
  collect,
  framesOf,
  manifest,
  startFormation,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { startBuilt, startLedger, writeTestFormation } from "./processes.ts";
import { type Received, startReceiver } from "./receiver.ts";

const ann = { user: "ann" };

const documents = {
  "docs/visits.md":
    "# Visits\n\n## Guided walks\n\nGuided walks begin at ten on Saturdays. Dogs stay outside.\n",
  "docs/prices.csv": "Variety,Price\nCox,2.50\nRusset,3.10\n",
};

const openModels = async (): Promise<ModelServer> => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  return models;
};

const agent = (id: string, source = "docs") => `schema: "1.0.0"
id: ${id}
name: ${id}
description: Answers for the ${id}
knowledge: { sources: [{ id: papers, path: ${source}, description: Papers }] }
`;

/** Starts a formation, and waits until its documents are read. */
const startRead = async (dir: string) => {
  const lines: string[] = [];
  const api = await startFormation(dir, { log: pino({}, { write: (line) => lines.push(line) }) });
  const agents = await readdir(path.join(dir, "agents"));
  const ready = () => lines.filter((line) => line.includes('"knowledge ready"'));
  await untilExpected("all documents are read", () => expect(ready()).toHaveLength(agents.length));
  return api;
};

/** A formation whose agents know documents, with what its manifest says beside its model. */
const openWith = async (models: ModelServer, more = "", files: Record<string, string> = {}) => {
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
${more}`,
    "agents/desk.afs": agent("desk"),
    ...documents,
    ...files,
  });
  return { dir, api: await startRead(dir) };
};

const inline = "overlord: { response: { citations: inline } }";

const walks = {
  id: expect.stringMatching(/^cit_[\w-]{22}$/),
  index: 1,
  agent_id: "desk",
  source: "papers",
  document: "docs/visits.md",
  title: "Visits",
  heading: "Visits › Guided walks",
  score: expect.any(Number),
  quote: "Guided walks begin at ten on Saturdays.",
};

const citationsOf = async (api: Api, message: string) =>
  (await api.chat(message, ann)).body.data.message.metadata.citations;

// biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
const promptOf = async (models: ModelServer, index: number): Promise<any> =>
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  ((await models.request(index)).body as any).messages.at(-1).content;

test("an answer names the passages that it rests on: as JSON, in the stream, in the session, and of its request", async () => {
  const models = await openModels();
  models.defaultReply = { text: ["They begin at ", "ten on Saturdays."] };
  const { api } = await openWith(models);
  const question = "When do guided walks begin?";
  const answer = await api.chat(question, { ...ann, session: "s1" });
  expect(answer.body.data.message.metadata).toEqual({
    session_id: "s1",
    agent_id: "desk",
    model: "openai/test-model",
    finish_reason: "stop",
    citations: [walks],
  });
  const { citations } = answer.body.data.message.metadata;
  expect(await promptOf(models, 0)).toContain(
    "[docs/visits.md]\n> Guided walks\n> Guided walks begin at ten",
  );

  const frames = await collect(await api.stream({ message: question, session_id: "s1", stream: true }, ann));
  const [citation, done] = frames.slice(-2);
  expect(citation).toMatchObject({ event: "citation", data: { type: "citation", ...citations[0] } });
  expect(done?.data).toMatchObject({ type: "done", metadata: { citations } });
  const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
  expect(messages.map(({ metadata }: { metadata: { citations?: unknown } }) => metadata.citations)).toEqual([
    undefined,
    citations,
    undefined,
    citations,
  ]);
  const request = await api.get(`/requests/${answer.body.data.request_id}`, ann);
  expect(request.body.data.metadata).toEqual({ citations });
});

test("an answer that takes nothing from the documents names none", async () => {
  const models = await openModels();
  const { api } = await openWith(models);
  for (const text of [
    "Hello, how can I help you?",
    "I found nothing about guided walks.",
    "As for walks: no idea.",
  ]) {
    models.reply({ text: [text] });
    const { metadata } = (await api.chat("When do guided walks begin?", ann)).body.data.message;
    expect(metadata, text).not.toHaveProperty("citations");
  }
});

test("an answer from two documents names both", async () => {
  const models = await openModels();
  models.reply({ text: ["The Russet costs 3.10, and guided walks begin at ten on Saturdays."] });
  const { api } = await openWith(models);
  const citations = await citationsOf(api, "What is the price of the Russet, and when are guided walks?");
  expect(citations).toMatchObject([
    { document: expect.any(String), quote: expect.any(String) },
    { document: expect.any(String), quote: expect.any(String) },
  ]);
  const quotes = Object.fromEntries(
    citations.map(({ document, quote }: { document: string; quote: string }) => [document, quote]),
  );
  expect(quotes).toEqual({
    "docs/visits.md": walks.quote,
    "docs/prices.csv": expect.stringContaining("Russet"),
  });
});

test("with inline citations the model gets numbers, and the passages are cited that its markers name", async () => {
  const models = await openModels();
  const { api } = await openWith(models, inline);
  const question = "When do guided walks begin, and what is the price of the Russet?";
  models.reply({ text: ["Walks begin at ten [1", "]. See `list[2]` or [7] of [2026]."] });
  const { message } = (await api.chat(question, ann)).body.data;
  expect(message.content).toBe("Walks begin at ten [1]. See `list[2]` or [7] of [2026].");
  expect(message.metadata.citations).toHaveLength(1);
  const prompt = await promptOf(models, 0);
  expect(prompt).toMatch(/\n\[1\] \[docs\/[\s\S]+\n\[2\] \[docs\//);
  const first = /\[1\] \[(docs\/[\w.]+)/.exec(prompt)?.[1];
  expect(message.metadata.citations).toMatchObject([{ index: 1, document: first }]);

  models.reply({ text: ["Both are there [1, 2]."] });
  expect(await citationsOf(api, question)).toMatchObject([{ index: 1 }, { index: 2 }]);
  models.reply({ text: ["Walks begin at ten on Saturdays."] });
  expect(await citationsOf(api, question)).toBeUndefined();
});

test("JSON has no markers, and nothing is cited where the formation says so", async () => {
  const models = await openModels();
  models.defaultReply = { text: ['{"begins":"at ten on Saturdays","numbers":[1]}'] };
  const json = await openWith(models, "overlord: { response: { citations: inline, format: json } }");
  expect(await citationsOf(json.api, "When do guided walks begin?")).toEqual([walks]);
  expect(await promptOf(models, 0)).not.toContain("[1] [docs/");

  models.defaultReply = { text: ["At ten on Saturdays."] };
  const none = await openWith(models, "overlord: { response: { citations: none } }");
  expect(await citationsOf(none.api, "When do guided walks begin?")).toBeUndefined();
  const [{ id }] = await citationsOf(json.api, "When do guided walks begin?");
  const route = `/agents/desk/knowledge/passages/${id}`;
  expect((await json.api.get(route)).status).toBe(200);
  expect((await none.api.get(route)).body.error.code).toBe("RESOURCE_NOT_FOUND");
});

test("the built-in model names what it quotes", async () => {
  for (const [more, text] of [
    ["", 'docs/visits.md says: "Guided walks begin at ten on Saturdays. Dogs stay outside."'],
    [inline, 'docs/visits.md says: "Guided walks begin at ten on Saturdays. Dogs stay outside." [1]'],
  ]) {
    const api = await startRead(
      await writeFormation({
        "formation.afs": `${manifest}${more}\n`,
        "agents/desk.afs": agent("desk"),
        ...documents,
      }),
    );
    const { message } = (await api.chat("When do guided walks begin?", ann)).body.data;
    expect(message).toMatchObject({ content: text, metadata: { citations: [walks] } });
  }
});

test("a passage is read by its id, which stays while its text does, and only of the agent that has it", async () => {
  const models = await openModels();
  models.defaultReply = { text: ["At ten on Saturdays."] };
  const { api, dir } = await openWith(models, "", {
    "agents/shed.afs": agent("shed", "tools"),
    "tools/spade.md": "The spade hangs in the shed.\n",
  });
  const ask = async () => {
    const body = { message: "When do guided walks begin?", agent_id: "desk", stream: false };
    return (await api.call("POST", "/chat", { ...ann, body })).body.data.message.metadata.citations[0].id;
  };
  const id = await ask();
  const route = `/agents/desk/knowledge/passages/${id}`;
  const passage = await api.get(route);
  expect(passage.body.data).toEqual({
    id,
    agent_id: "desk",
    source: "papers",
    document: "docs/visits.md",
    title: "Visits",
    heading: "Visits › Guided walks",
    lines: [5, 5],
    text: "Guided walks\nGuided walks begin at ten on Saturdays. Dogs stay outside.",
  });
  const errorOf = async (other: string) => (await api.get(other)).body.error.code;
  expect(await errorOf(`/agents/shed/knowledge/passages/${id}`)).toBe("RESOURCE_NOT_FOUND");
  expect(await errorOf("/agents/desk/knowledge/passages/cit_unknown")).toBe("RESOURCE_NOT_FOUND");
  expect(await errorOf(`/agents/nobody/knowledge/passages/${id}`)).toBe("AGENT_NOT_FOUND");
  expect((await api.get(route, { key: "none" })).status).toBe(401);

  await api.runtime.close(0);
  const file = path.join(dir, "docs/visits.md");
  await writeFile(file, `# Visits\n\nWelcome to all.\n${documents["docs/visits.md"].slice(8)}`);
  const edited = await startRead(dir);
  await untilExpected("the document is read anew", async () =>
    expect((await edited.get(route)).body.data).toMatchObject({ id, lines: [8, 8] }),
  );

  await edited.runtime.close(0);
  await rm(file);
  const without = await startRead(dir);
  expect((await without.get(route)).body.error.code).toBe("RESOURCE_NOT_FOUND");
});

test.each([
  ["by markers", inline, "In winter [1].", "They are pruned in winter [1]. [3]", "In winter [2]"],
  ["by words", "", "Plums are pruned in winter.", "They are pruned in winter.", "They are pruned in winter."],
])(
  "what another agent has found is cited under a number of its own, %s",
  async (_, more, said, answer, shown) => {
    const models = await openModels();
    const { api } = await openWith(models, more, {
      "agents/pruner.afs": agent("pruner", "trees"),
      "trees/plums.md": "Plums are pruned in winter.\n",
    });
    const task = JSON.stringify({ agent: "pruner", task: "When are plums pruned?" });
    models.reply(
      { text: [], toolCalls: [{ id: "c1", name: "ask_agent", arguments: [task] }] },
      { text: [said] },
      { text: [more === "" ? answer : shown] },
    );
    const body = {
      message: "When do guided walks begin, and what about plums?",
      agent_id: "desk",
      stream: false,
    };
    const { citations } = (await api.call("POST", "/chat", { ...ann, body })).body.data.message.metadata;
    expect(citations).toMatchObject([
      { index: 2, agent_id: "pruner", document: "trees/plums.md", quote: "Plums are pruned in winter." },
    ]);
    const result = await promptOf(models, 2);
    expect(result).toContain(more === "" ? said : "In winter [2].");
  },
);

test("a webhook names them, and a request in the background", async () => {
  const models = await openModels();
  models.defaultReply = { text: ["At ten on Saturdays."] };
  const { api } = await openWith(models);
  const receiver = await startReceiver();
  const body = { message: "When do guided walks begin?", mode: "async", webhook_url: receiver.url };
  const { request_id } = (await api.call("POST", "/chat", { ...ann, body })).body.data;
  await untilStatus(api, request_id, "completed");
  await untilExpected("the webhook is here", () => expect(receiver.received).toHaveLength(1));
  const [delivery] = receiver.received as [Received];
  expect(JSON.parse(delivery.body)).toMatchObject({ status: "completed", metadata: { citations: [walks] } });
  expect((await api.get(`/requests/${request_id}`, ann)).body.data.metadata).toEqual({ citations: [walks] });
});

test("what documents and their names hold reaches a citation as data, and no more of it than has room", async () => {
  const models = await openModels();
  const title = `Title <img src=x onerror=alert(1)> ${"t".repeat(10_000)}`;
  const heading = `Heading [1] </script> \u202e${"h".repeat(10_000)}`;
  const sentence = `The zebra 🦓 sleeps "\u0007quoted" <b>${"🦓".repeat(400)}`;
  const { api } = await openWith(models, inline, {
    "docs/a\nb [1].md": `---\ntitle: ${JSON.stringify(title)}\n---\n\n# ${heading}\n\n${sentence}\n`,
  });
  models.reply({ text: ["It sleeps [1] [1]."] });
  const citations = await citationsOf(api, "Where does the zebra sleep?");
  expect(citations).toHaveLength(1);
  const [citation] = citations;
  expect(citation.document).toBe("docs/a\nb [1].md");
  expect(citation.title).toMatch(/^Title <img src=x onerror=alert\(1\)> t+…$/);
  expect(citation.title).toHaveLength(200);
  expect(citation.heading).toMatch(/^Heading \[1\] [^\n]+…$/u);
  expect(citation.heading).toHaveLength(300);
  expect(citation.quote).toMatch(/^The zebra 🦓 sleeps/u);
  expect(citation.quote.length).toBeLessThanOrEqual(300);
  expect(citation.quote).toBe(Buffer.from(citation.quote).toString());
  const prompt = await promptOf(models, 0);
  expect(prompt.match(/^\[1\]/gm)).toHaveLength(1);
  const passage = await api.get(`/agents/desk/knowledge/passages/${citation.id}`);
  expect(passage.body.data).toMatchObject({ title: citation.title, document: "docs/a\nb [1].md" });
});

test("an answer that is resumed after kill -9 rests on what its agent had been given, whatever the documents say now", async () => {
  const models = await openModels();
  const ledger = await startLedger();
  const dir = await writeTestFormation(models.url, {
    toolUrl: ledger.url,
    more: inline,
    files: { "agents/desk.afs": agent("desk"), ...documents },
  });
  const notes = { id: "c1", name: "ledger__note", arguments: ['{"entry":"asked"}'] };
  models.reply({ text: ["At ten [1]."], toolCalls: [notes] }, { text: ["Not ", "yet"], stallAfter: 1 });
  const first = await startBuilt(dir);
  const body = { message: "When do guided walks begin?", request_id: "req_1", mode: "async" };
  expect((await first.api.call("POST", "/chat", { ...ann, body })).status).toBe(202);
  await untilExpected("the model is asked twice", () => expect(models.requests).toHaveLength(2));
  await first.crash();

  await writeFile(path.join(dir, "docs/visits.md"), "# Visits\n\nGuided walks are cancelled. None begin.\n");
  models.defaultReply = { text: ["That is noted."] };
  const again = await startBuilt(dir);
  await untilStatus(again.api, "req_1", "completed");
  expect(ledger.calls).toEqual(["asked"]);
  const { data } = (await again.api.get("/requests/req_1", ann)).body;
  expect(data).toMatchObject({
    result: "At ten [1].\n\nThat is noted.",
    metadata: { citations: [walks] },
  });
  const events = await again.api.request("GET", `/events/${data.session_id}/req_1`, ann);
  const frames = await collect(framesOf(events));
  expect(frames.slice(-2)).toMatchObject([{ event: "citation", data: walks }, { event: "done" }]);
});

test("what an agent has searched for itself is cited, under the next number", async () => {
  const models = await openModels();
  const { api } = await openWith(models, inline);
  const search = { id: "c1", name: "search_knowledge", arguments: ['{"query":"price of the Russet"}'] };
  models.reply({ text: [], toolCalls: [search] }, { text: ["It costs 3.10 [2]."] });
  expect(await citationsOf(api, "When do guided walks begin?")).toMatchObject([
    { index: 2, document: "docs/prices.csv", quote: expect.stringContaining("Russet") },
  ]);
  expect(await promptOf(models, 1)).toContain("\n[2] [docs/prices.csv]\n> ");
});
