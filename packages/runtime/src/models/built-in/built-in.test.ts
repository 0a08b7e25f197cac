import { describe, expect, test } from "vitest";
import { ask, textOf } from "../../../test/model-harness.ts";
import type { ModelRequest, Passage } from "../interface/index.ts";
import { createBuiltInModel } from "./built-in.ts";

const model = createBuiltInModel();

const knowledge: Passage[] = [
  {
    kind: "knowledge",
    source: "orchard.md",
    text: "Pruning\nPrune apple trees in late winter, before the buds\nswell. Prune plums in summer. Wear gloves.",
  },
  {
    kind: "knowledge",
    source: "storage.md",
    text: "# Storage\nThe Bramley keeps until March. Pears keep less long.",
  },
];

const say = (message: string, rest: Partial<ModelRequest> = {}): ModelRequest => ({
  ...rest,
  messages: [...(rest.messages ?? []), { role: "user", content: message }],
});

const reply = async (request: ModelRequest): Promise<string> => textOf(await ask(model, request));

test("streams groups of words, then the end with its counts", async () => {
  const deltas = await ask(model, say("Remember that my favourite apple is the Egremont Russet"));
  expect(deltas.slice(0, 2)).toEqual([
    { type: "text", text: "I will remember: your " },
    { type: "text", text: "favourite apple is the " },
  ]);
  expect(deltas.at(-1)).toEqual({
    type: "finish",
    reason: "stop",
    usage: { input_tokens: 9, output_tokens: 10, total_tokens: 19 },
    model: "builtin/extractive",
  });
  expect(textOf(deltas)).toBe("I will remember: your favourite apple is the Egremont Russet.");
});

test("the same request always gets the same answer", async () => {
  const request = say("When do I prune plums?", { context: { passages: knowledge } });
  expect(await ask(model, request)).toEqual(await ask(model, request));
});

test.each([
  ["My dog is called Pip.", "I will remember: your dog is called Pip."],
  ["please remember that I'm allergic to nuts", "I will remember: you are allergic to nuts."],
  ["I love plums, and my sister hates them!", "I will remember: you love plums, and your sister hates them!"],
  ["Hi! I live in Kent", "I will remember: you live in Kent."],
  ["Call me Bob", "I will remember: Call you Bob."],
])("confirms the fact %j", async (message, answer) => {
  expect(await reply(say(message))).toBe(answer);
});

describe("facts", () => {
  const remembered: Passage[] = [
    { kind: "memory", source: "memory", text: "My daughter is called Ada." },
    { kind: "memory", source: "memory", text: "Remember that my favourite apple is the Egremont Russet" },
  ];

  test("of earlier sessions answer a question", async () => {
    expect(await reply(say("What is my favourite apple?", { context: { passages: remembered } }))).toBe(
      "You told me: your favourite apple is the Egremont Russet.",
    );
  });

  test("of this conversation answer a question, the newest first", async () => {
    const messages: ModelRequest["messages"] = [
      { role: "user", content: "My favourite apple is the Bramley" },
      { role: "assistant", content: "I will remember: your favourite apple is the Bramley." },
      { role: "user", content: "My favourite apple is the Cox" },
      { role: "assistant", content: "I will remember: your favourite apple is the Cox." },
      { role: "user", content: "What is my favourite apple?" },
      { role: "assistant", content: "…" },
    ];
    const request = say("Which is my favourite apple?", { messages, context: { passages: remembered } });
    expect(await reply(request)).toBe("You told me: your favourite apple is the Cox.");
  });

  test("do not push aside a document that answers better", async () => {
    const passages: Passage[] = [{ kind: "memory", source: "memory", text: "I planted plums" }, ...knowledge];
    expect(await reply(say("When do I prune plums?", { context: { passages } }))).toContain(
      "Prune plums in summer.",
    );
  });
});

describe("documents", () => {
  const context = { passages: knowledge };

  test("are quoted with their source", async () => {
    expect(await reply(say("When should I prune apple trees?", { context }))).toBe(
      'orchard.md says: "Prune apple trees in late winter, before the buds swell."',
    );
    expect(await reply(say("How long does the Bramley keep?", { context }))).toMatch(
      /^storage\.md says: "The Bramley/,
    );
  });

  test("are quoted where a rare word of the question stands in them", async () => {
    const passages = [
      { text: "Dogs need a muzzle.", source: "rules.md", kind: "knowledge" as const },
      { text: "The shop opens at nine.", source: "hours.md", kind: "knowledge" as const },
    ];
    expect(await reply(say("May dogs come along?", { context: { passages } }))).toBe(
      'rules.md says: "Dogs need a muzzle."',
    );
  });

  test.each([
    ["退货政策是什么？", "商品签收后七天内可以无理由退货，运费由买家承担。"],
    ["返品は何日以内ですか？", "商品到着後14日以内であれば返品を受け付けます。"],
    ["คืนสินค้าได้ภายในกี่วัน", "ลูกค้าสามารถคืนสินค้าได้ภายใน 21 วันหลังจากได้รับสินค้า"],
    ["반품 기간은 며칠인가요?", "상품을 받은 후 10일 이내에 반품할 수 있습니다."],
  ])("in languages without spaces, or with particles, answer %j", async (question, text) => {
    const passages = [{ text, source: "returns.md", kind: "knowledge" as const }];
    expect(await reply(say(question, { context: { passages } }))).toBe(`returns.md says: "${text}"`);
  });

  test("that hold nothing about it are not quoted", async () => {
    const answer = await reply(say("Who won the football cup last year?", { context }));
    expect(answer).toMatch(/^I found nothing about that/);
    expect(answer).toContain("built-in model");
    expect(answer).toContain("OPENAI_API_KEY");
  });
});

test.each(["Hello!", "hi there", "Good morning", "Who are you?", "What can you do?"])(
  "%j gets an introduction",
  async (message) => {
    expect(await reply(say(message))).toContain("I am the built-in model of this formation");
  },
);

describe("tools", () => {
  const tools = [{ name: "get-weather", description: "Weather", parameters: { type: "object" } }];

  test.each([
    'call:get-weather {"place":"Kent"}',
    'Use get-weather with {"place":"Kent"}',
    'please use the tool `get-weather` with {"place":"Kent"}',
  ])("%j calls one", async (message) => {
    expect(await ask(model, say(message, { tools }))).toMatchObject([
      { type: "tool_call", id: "call_1", name: "get-weather", arguments: '{"place":"Kent"}' },
      { type: "finish", reason: "tool_calls" },
    ]);
  });

  test("that are unknown, or told nonsense, are not called", async () => {
    expect(await reply(say("call:fly {}", { tools }))).toBe(
      "I have no tool named fly. My tools are: get-weather.",
    );
    expect(await reply(say("call:fly"))).toBe("I have no tool named fly. I have no tools at all.");
    expect(await reply(say("call:get-weather {nonsense}", { tools }))).toBe(
      "I cannot call get-weather: its arguments are not a JSON object.",
    );
  });

  test("have their results repeated", async () => {
    const messages: ModelRequest["messages"] = [
      { role: "user", content: "call:get-weather {}" },
      { role: "assistant", content: "", toolCalls: [{ id: "call_1", name: "get-weather", arguments: "{}" }] },
      { role: "tool", toolCallId: "call_1", name: "get-weather", content: "Rain" },
    ];
    expect(await reply({ messages, tools })).toBe("get-weather answered: Rain");
  });
});

describe("a task", () => {
  const refund = {
    name: "desk__refund",
    description: "Pays back",
    parameters: {
      type: "object",
      properties: { order: { type: "string" }, amount: { type: "number" }, note: { type: "string" } },
      required: ["order"],
    },
  };
  const ask_user = { name: "ask_user", description: "Asks", parameters: { type: "object" } };
  const task = (...texts: string[]) => ({
    context: { passages: [], task: { tools: ["desk__refund"], texts } },
  });
  const called = (name: string, args: object) => [
    { type: "tool_call", name, arguments: JSON.stringify(args) },
    { type: "finish", reason: "tool_calls" },
  ];

  test.each([
    [["I return order 1017"], { order: "1017" }],
    [["My order (no. A-17.) is late"], { order: "A-17" }],
    [["Order 1017", "Look up\n\norder 9, amount: 45.50"], { order: "1017", amount: 45.5 }],
    [["Where is order number five? It is order 5"], { order: "5" }],
  ])(
    "has the tool called that it names, with what is said behind the names of arguments: %j",
    async (texts, args) => {
      const request = say("Pay it back", { tools: [refund], ...task(...texts) });
      expect(await ask(model, request)).toMatchObject(called("desk__refund", args));
    },
  );

  test("asks for what is missing, once, and reads the answer", async () => {
    const tools = [refund, ask_user];
    const given = task("I return a coat");
    const asked = await ask(model, say("Pay it back", { tools, ...given }));
    expect(asked).toMatchObject(called("ask_user", { question: "Which order?" }));
    const answered = (content: string): ModelRequest["messages"] => [
      { role: "user", content: "Pay it back" },
      {
        role: "assistant",
        content: "",
        toolCalls: [{ id: "call_1", name: "ask_user", arguments: '{"question":"Which order?"}' }],
      },
      { role: "tool", toolCallId: "call_1", name: "ask_user", content },
    ];
    expect(await ask(model, { messages: answered("1017"), tools, ...given })).toMatchObject(
      called("desk__refund", { order: "1017" }),
    );
    expect(textOf(await ask(model, { messages: answered("no idea"), tools, ...given }))).toContain(
      'nobody has said "order" with its value',
    );
  });

  test("quotes its files and the results before it", async () => {
    const request = say(
      "May a coat be returned?",
      task("A coat", "rules.md\n\nA coat may be returned for 30 days."),
    );
    expect(await reply(request)).toBe('rules.md says: "A coat may be returned for 30 days."');
  });
});

test.each(["", "   ", "?", "x".repeat(1_000_000), "my ".repeat(100_000), "🍎"])(
  "survives a message of %#",
  async (message) => {
    expect(await reply(say(message, { context: { passages: knowledge } }))).not.toBe("");
  },
);

test("stops when it is aborted", async () => {
  const signal = AbortSignal.abort(new Error("too late"));
  await expect(ask(model, say("Hello"), signal)).rejects.toThrow("too late");
});
