import { openFormation } from "@muxi/formation";
import { expect, onTestFinished, test } from "vitest";
import { createAgentRouter } from "../src/overlord/index.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { openModelBench } from "./model-harness.ts";
import { type ReplyScript, startModelServer } from "./model-server.ts";

const agent = (id: string, description: string) => `schema: "1.0.0"
id: ${id}
name: ${id}
description: ${description}
specialties: [${id}s]
`;

const ann = { user: "ann" };

const open = async (routingReply: ReplyScript, { files = {}, more = "" } = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.routingReply = routingReply;
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
a2a: { enabled: false }
${more}
`,
    "agents/apple.afs": agent("apple", "Knows apple varieties"),
    "agents/plum.afs": agent("plum", "Knows plums"),
    ...files,
  });
  const api = await startFormation(dir);
  const ask = async (message: string, body: object = {}) => {
    const answer = await api.call("POST", "/chat", { ...ann, body: { message, stream: false, ...body } });
    return answer.body.data.message.metadata.agent_id;
  };
  return { ask, models };
};

test("a model chooses the agent by what agents say of themselves and what was said before", async () => {
  const { ask, models } = await open({ text: ['{"agent":"plum"}'] });
  expect(await ask("Which apples keep?", { session_id: "s1" })).toBe("plum");
  await ask("And the others?", { session_id: "s1" });
  const [first, second] = models.routing.map(({ body }) => JSON.stringify(body));
  expect(first).toContain("Knows apple varieties");
  expect(first).toContain('"enum":["apple","plum"]');
  expect(second).toContain("Which apples keep?");
  expect(second).toContain("Hello from the model.");
});

test.each<[string, ReplyScript]>([
  ["fails", { status: 500 }],
  ["names nobody that is there", { text: ['{"agent":"pear"}'] }],
  ["does not answer in JSON", { text: ["The plum"] }],
])(
  "where the model %s, what agents share with the message decides, and nothing is tried again",
  async (_, reply) => {
    const { ask, models } = await open(reply);
    expect(await ask("Which plums keep?")).toBe("plum");
    expect(await ask("Which apples keep?")).toBe("apple");
    expect(models.routing).toHaveLength(2);
  },
);

test("a model that takes too long is not waited for", async () => {
  const { server, modelOf } = await openModelBench();
  server.routingReply = { text: ['{"agent":"plum"}'], stallAfter: 1 };
  const dir = await writeFormation({
    "agents/apple.afs": agent("apple", "Knows apple varieties"),
    "agents/plum.afs": agent("plum", "Knows plums"),
  });
  const [apple, plum] = (await openFormation(dir)).agents;
  if (!apple || !plum) throw new Error("the agents were not loaded");
  const route = createAgentRouter({
    agents: [apple, plum],
    model: modelOf("openai/gpt-4o-mini"),
    patience: 20,
    log: { warn() {} },
  });
  expect((await route({ message: "Which apples keep?", history: [] })).id).toBe("apple");
  expect(await server.routing[0]?.over).toBe("aborted");
});

test("the same question is not put to the model twice, unless the formation says so", async () => {
  const kept = await open({ text: ['{"agent":"plum"}'] });
  expect([await kept.ask("Hi"), await kept.ask("Hi")]).toEqual(["plum", "plum"]);
  expect(kept.models.routing).toHaveLength(1);
  const not = await open(
    { text: ['{"agent":"plum"}'] },
    { more: "overlord: { caching: { enabled: false } }" },
  );
  expect([await not.ask("Hi"), await not.ask("Hi")]).toEqual(["plum", "plum"]);
  expect(not.models.routing).toHaveLength(2);
});

test("nobody is asked where an agent is named, a procedure fits or there is one agent alone", async () => {
  const files = {
    "sops/frost.md":
      "---\ntype: sop\nname: Frost alarm\ndescription: Frost\n---\n## Steps\n1. Read the forecast\n",
  };
  const { ask, models } = await open({ text: ['{"agent":"apple"}'] }, { files });
  expect(await ask("Hi", { agent_id: "plum" })).toBe("plum");
  expect(await ask("Start the frost alarm for the plums")).toBe("plum");
  const alone = await open({ text: ['{"agent":"apple"}'] }, { more: "agents: [apple]" });
  expect(await alone.ask("Hi")).toBe("apple");
  expect([models.routing.length, alone.models.routing.length]).toEqual([0, 0]);
});
