import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { type ReceivedRequest, type Reply, type ReplyScript, startModelServer } from "./model-server.ts";

const handbook = `# Handbook

## Leave

Everybody has 28 days off in a year.

### Parents

Parents stay at home for 20 weeks.

## Travel

Trains are booked by the office.
`;
const files = { "docs/handbook.md": handbook, "docs/plums.md": "# Plums\n\nPlums are picked in August.\n" };

/** A formation whose agent knows the documents. @param knowledge Further settings of it. */
const open = async (knowledge: string, { models: more = "", embed = (_: string): number[] => [] } = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.embed = embed;
  const dir = await writeFormation({
    ...files,
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  api_keys: { openai: sk-test }
  models: [{ text: openai/test-model }${more}]
agents:
  - id: guide
    name: Guide
    description: Knows the house
    knowledge:
      ${knowledge}
      sources: [{ path: docs/handbook.md, description: Rules }, { path: docs/plums.md, description: Plums, retrieval: vector }]
`,
  });
  const warnings: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => warnings.push(JSON.parse(line).msg) });
  const api = await startFormation(dir, { log });
  await api.call("POST", "/agents/guide/knowledge/sync", { key: "admin", body: {} });
  const ask = async (message: string, ...replies: ReplyScript[]) => {
    models.reply(...replies);
    const from = models.requests.length;
    const answer = await api.chat(message, { user: "ann" });
    return { answer, requests: models.requests.slice(from) };
  };
  return { api, models, ask, warnings };
};

const lastOf = (request: ReceivedRequest | undefined): string =>
  JSON.parse(String(request?.bytes)).messages.at(-1).content;

/** The number of the handbook in an outline. */
const handbookIn = (request: ReceivedRequest | undefined): string =>
  /^\[(\d+)\] docs\/handbook\.md/m.exec(lastOf(request))?.[1] ?? "";

/** Names sections of the handbook. */
const chosen =
  (...sections: string[]) =>
  (request: ReceivedRequest): Reply => ({
    text: [JSON.stringify({ sections: sections.map((each) => `${handbookIn(request)}.${each}`) })],
  });

/** What the model of a chat reads of the documents, without where it is from. */
const passagesIn = (request: ReceivedRequest | undefined): string[] =>
  lastOf(request)
    .split("\n")
    .filter((line) => line.startsWith("> "))
    .map((line) => line.slice(2));

const away = "How long may mothers be away?";

test("a model chooses sections by the outline, without sharing a word with the question; citations say where they stand", async () => {
  const { ask, warnings } = await open("retrieval: tree");
  const { answer, requests } = await ask(away, chosen("1.1.2", "9"), {
    text: ["Parents stay at home for 20 weeks."],
  });
  const [choice, chat] = requests;
  const outline = lastOf(choice)
    .split("\n\n")[0]
    ?.replace(/ \(\d+\)$/gm, "")
    .replaceAll(`[${handbookIn(choice)}`, "[1")
    .split("\n");
  expect(outline).toEqual([
    "[1] docs/handbook.md",
    "  [1.1] Handbook",
    "    [1.1.1] Leave",
    '      [1.1.1.1] "Leave Everybody has 28 days off in a year."',
    "      [1.1.1.2] Parents",
    "    [1.1.2] Travel",
  ]);
  expect(passagesIn(chat)).toEqual(["Parents", "Parents stay at home for 20 weeks."]);
  expect(answer.body.data.message.metadata.citations).toEqual([
    expect.objectContaining({ node_path: "docs/handbook.md › Handbook › Leave › Parents" }),
  ]);
  expect(warnings).toEqual([]);
});

test("documents of a source that says so are searched beside those of which sections are chosen", async () => {
  const { ask } = await open("retrieval: tree");
  const { requests } = await ask("When are plums picked?", chosen("1.2"));
  expect(passagesIn(requests[1]).sort()).toEqual(
    ["Plums", "Plums are picked in August.", "Trains are booked by the office.", "Travel"].sort(),
  );
});

test.each([
  ["names no section", chosen("7.7")],
  ["says nothing of use", { text: ["I cannot."] }],
  ["fails", { status: 400, body: "{}" }],
  ["takes too long", { before: new Promise<never>(() => {}) }],
] satisfies [string, ReplyScript][])(
  "documents are searched when the model %s, with a warning",
  async (_, reply) => {
    const { ask, warnings } = await open("retrieval: tree\n      tree: { timeout_seconds: 0.5 }");
    const { requests } = await ask("Which trains are booked?", reply);
    expect(passagesIn(requests.at(-1))).toContain("Trains are booked by the office.");
    expect(warnings).toEqual(["the outline of documents gave no sections: its documents are searched"]);
  },
);

test("without a fallback they give nothing", async () => {
  const { ask } = await open("retrieval: tree\n      tree: { fallback_to_vector: false }");
  const { requests } = await ask("Which trains are booked?", { text: ["I cannot."] });
  expect(passagesIn(requests.at(-1))).toEqual([]);
});

test.each([
  ["with much to read and a model for it, sections are chosen", "{ model: openai/outline-model }", 10, 2],
  ["with little to read, documents are searched", "{ model: openai/outline-model }", 40_000, 1],
  ["where it never is much, documents are searched", "{ model: openai/outline-model }", 0, 1],
  ["without a model for it, documents are searched", "{}", 10, 1],
])("by default: %s", async (_, tree, threshold, calls) => {
  const { ask } = await open(`tree: ${tree}\n      reasoning_threshold: ${threshold}`);
  const { requests } = await ask("Which trains are booked?", ...(calls === 2 ? [chosen("1.2")] : []));
  expect(requests.map(({ body }) => body)).toMatchObject([
    ...(calls === 2 ? [{ model: "outline-model" }] : []),
    { model: "test-model" },
  ]);
  expect(passagesIn(requests.at(-1))).toContain("Trains are booked by the office.");
});

/** Vectors by subject: leave, travel, or neither. */
const subjects = (text: string): number[] => [
  /home|parents|away/i.test(text) ? 1 : 0,
  /train|station/i.test(text) ? 1 : 0,
  0.05,
];

test("sections are chosen by the meaning of their passages, and without vectors documents are searched", async () => {
  const { ask, models, warnings } = await open("retrieval: tree-vector", {
    models: ", { embedding: openai/test-embedding }",
    embed: subjects,
  });
  await untilExpected("the section is near in meaning", async () => {
    const { requests } = await ask("Where is the station?");
    expect(passagesIn(requests[0])[0]).toBe("Travel");
  });
  models.embed = () => [];
  warnings.length = 0;
  const { requests } = await ask("Which trains of the office?");
  expect(passagesIn(requests[0])).toContain("Trains are booked by the office.");
  expect(warnings).toContain("the outline of documents gave no sections: its documents are searched");
});

test("a model says what is missing in the sections, until it is enough", async () => {
  const { ask } = await open(
    "retrieval: hybrid\n      tree: { model: openai/outline-model, terminator_model: openai/judge-model, max_fetched_nodes_pct: 100 }",
  );
  const verdict = (enough_info: boolean, ...gaps: string[]): Reply => ({
    text: [JSON.stringify({ enough_info, gaps, reasoning: "…" })],
  });
  const { requests } = await ask(away, chosen("1.1.2"), verdict(false, "trains"), verdict(true));
  expect(requests.map(({ body }) => body)).toMatchObject([
    { model: "outline-model" },
    { model: "judge-model" },
    { model: "judge-model" },
    { model: "test-model" },
  ]);
  expect(lastOf(requests[1])).toContain("Parents stay at home");
  expect(passagesIn(requests[3])).toEqual(
    expect.arrayContaining(["Parents stay at home for 20 weeks.", "Trains are booked by the office."]),
  );
});

test.each([
  ["nothing is missing that is there", 100, 3, ["aardvarks"], 1],
  ["the share of sections is read", 1, 3, ["trains"], 0],
  ["the rounds are over", 100, 1, ["trains"], 1],
])("the judge is asked no more when %s", async (_, share, rounds, gaps, verdicts) => {
  const { ask } = await open(
    `retrieval: hybrid\n      tree: { max_fetched_nodes_pct: ${share}, max_sufficiency_rounds: ${rounds} }`,
  );
  const verdict = { text: [JSON.stringify({ enough_info: false, gaps, reasoning: "…" })] };
  const { requests } = await ask(away, chosen("1.1.2"), ...Array<Reply>(verdicts).fill(verdict), {
    text: ["Twenty weeks."],
  });
  expect(requests).toHaveLength(2 + verdicts);
});

test("a filter of the agent's own search looks at passages", async () => {
  const { ask } = await open("retrieval: tree");
  const { requests } = await ask(
    away,
    chosen("1.2"),
    {
      text: [],
      toolCalls: [
        {
          id: "c1",
          name: "search_knowledge",
          arguments: [JSON.stringify({ query: "parents", path: "docs" })],
        },
      ],
    },
    { text: ["Twenty weeks."] },
  );
  expect(requests).toHaveLength(3);
  expect(lastOf(requests[2])).toContain("Parents stay at home for 20 weeks.");
});
