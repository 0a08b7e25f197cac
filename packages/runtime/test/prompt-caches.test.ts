import { describe, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { commandServer } from "./mcp-servers.ts";
import { type ModelServer, type Reply, startModelServer } from "./model-server.ts";

const ann = { user: "ann", session: "s1" };
/** Turns that a model sees at least. */
const leastTurns = 6;

/** With the tools 4,000 characters. */
const rules = `You look after an orchard in Kent. ${"Say what is known, and from whom; where nothing is known, say so and ask. ".repeat(41)}`;

const memories = [
  "The plums by the wall are Czars",
  "The pears were grafted in 2019",
  "The cherries belong to the neighbour",
  "The quinces are for jelly",
  "The medlars came from Nottingham",
];
const kinds = ["plums", "pears", "cherries", "quinces", "medlars"];

const countTrees: Reply = {
  text: [],
  toolCalls: [{ id: "c1", name: "trees__count_trees", arguments: ['{"kind":"pear"}'] }],
};

/** An agent with instructions, tools and memories, at a clock that moves on. */
const open = async (model: string) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  let now = Date.parse("2030-01-01T20:00:00Z");
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: ${model}, api_key: sk-test }]
memory:
  buffer: { size: ${leastTurns * 2} }
  persistent: { extraction: false }
`,
    "agents/keeper.afs": `id: keeper\nname: Keeper\ndescription: Keeps the orchard\nsystem_message: "${rules}"\n`,
    "mcp/trees.afs": commandServer("trees", 'tools: { allow: ["count_trees", "picture", "fell_tree"] }'),
  });
  const api = await startFormation(dir, { now: () => now, env: { PATH: process.env.PATH ?? "" } });
  for (const content of memories) await api.call("POST", "/memories", { ...ann, body: { content } });
  return {
    models,
    async turn(number: number) {
      const first = models.requests.length;
      const { status } = await api.chat(`What about the ${kinds[number % kinds.length]} today?`, ann);
      expect(status).toBe(200);
      now += 20 * 60_000;
      return promptOf(models, first);
    },
  };
};

const bodySchema = z.looseObject({ messages: z.array(z.looseObject({ role: z.string() })) });

/** What the model reads of a request, in the order in which it came over the wire; marks for caches are not read. */
const promptOf = (models: ModelServer, index: number) => {
  const body = models.requests[index]?.body;
  const { messages } = bodySchema.parse(body);
  const read = Object.entries(body ?? {}).filter(([name]) => ["tools", "system", "messages"].includes(name));
  return {
    text: JSON.stringify(read, (name, value: unknown) => (name === "cache_control" ? undefined : value)),
    begins: JSON.stringify(messages.find(({ role }) => role === "user")),
  };
};

/** Characters that two texts begin with alike. */
const sharedLength = (one: string, other: string): number => {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
};

describe.each(["openai/test-model", "anthropic/claude-test"])("a session with %s", (model) => {
  test("has prompts that begin as the one before, nine tenths of them, until old turns fall away", async () => {
    const { models, turn } = await open(model);
    let before = await turn(0);
    const slides: number[] = [];
    for (let number = 1; number < 20; number++) {
      if (number === 8) models.reply(countTrees);
      const prompt = await turn(number);
      const share = sharedLength(prompt.text, before.text) / prompt.text.length;
      const slid = number > 1 && prompt.begins !== before.begins;
      if (slid) slides.push(number);
      else if (number >= 4) expect(share, `of turn ${number + 1}`).toBeGreaterThan(0.9);
      expect(share).toBeGreaterThan(0.7);
      before = prompt;
    }
    expect(slides).toEqual([leastTurns * 2, leastTurns * 3]);
  });
});

const marksIn = (body: unknown): string[] => {
  const paths: string[] = [];
  const look = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null) return;
    if ("cache_control" in value) {
      expect(value.cache_control).toEqual({ type: "ephemeral" });
      paths.push(path);
    }
    for (const [key, child] of Object.entries(value)) look(child, path === "" ? key : `${path}.${key}`);
  };
  look(body, "");
  return paths;
};

test("Anthropic is told where to cache: behind the tools, the instructions, the conversation and results", async () => {
  const { models, turn } = await open("anthropic/claude-test");
  await turn(0);
  await turn(1);
  models.reply(countTrees);
  await turn(2);
  const [first, second, third, withResult] = models.requests.map(({ body }) => marksIn(body));
  const ofAll = ["tools.3", "system.0"];
  expect(first).toEqual(ofAll);
  expect(second).toEqual([...ofAll, "messages.1.content.0"]);
  expect(third).toEqual([...ofAll, "messages.3.content.0"]);
  expect(withResult).toEqual([...ofAll, "messages.3.content.0", "messages.6.content.0"]);
});
