import type { ModelConfig } from "@muxi/formation";
import { isObject } from "@muxi/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fuzzing } from "../../../test/fuzzing.ts";
import { parseJson } from "../src/base/index.ts";
import { EventLog } from "../src/events/index.ts";
import { type Model, type ModelDelta, ModelError } from "../src/models/index.ts";
import { createAiSdkModel } from "../src/models/providers/ai-sdk.ts";
import { createMcpConnection } from "../src/tools/connection.ts";
import { createToolReader } from "../src/tools/offered-tools.ts";
import { startSessionMcp } from "./mcp-servers.ts";
import { ask, openModelBench } from "./model-harness.ts";
import { wireOf } from "./model-wires.ts";

const { cases, patience } = fuzzing(100);

/** A value of so many levels, which a failed run can show. */
const nested = (depth: number): object => {
  const value: object = JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  return Object.defineProperty(value, fc.toStringMethod, { value: () => `nested(${depth})` });
};

/** JSON of any kind, with what code may stumble over. */
const anythingUpTo = (deepest: number) =>
  fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom(null, "", 0, -1, 1e308, [], {}, [null], "\u0000", "\ud800", "__proto__", "constructor"),
    fc.integer({ min: 90, max: deepest }).map(nested),
  );
const anything = anythingUpTo(9_000);

/** Puts something else in the place of one part of a value. */
const withOther = (value: unknown, way: readonly number[], other: unknown): unknown => {
  const [step, ...rest] = way;
  if (step === undefined || typeof value !== "object" || value === null) return other;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return other;
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === key ? withOther(each, rest, other) : each));
  return { ...value, [key]: withOther(Reflect.get(value, key), rest, other) };
};

interface Change {
  event: number;
  kind: "other" | "drop" | "again" | "swap" | "cut" | "raw";
  way: number[];
  other: unknown;
  raw: string;
}

const changes = fc.array(
  fc.record<Change>({
    event: fc.nat(20),
    kind: fc.constantFrom("other", "other", "other", "drop", "again", "swap", "cut", "raw"),
    way: fc.array(fc.nat(5), { maxLength: 6 }),
    other: anything,
    raw: fc.string(),
  }),
  { minLength: 1, maxLength: 4 },
);

/** JSON, as far as it can be written at all. */
const written = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    // Deeper than the stack, which is what a hostile server writes by hand.
    return `${"[".repeat(9_000)}${"]".repeat(9_000)}`;
  }
};

const changed = (events: readonly string[], { event, kind, way, other, raw }: Change): string[] => {
  const at = event % events.length;
  const text = events[at] ?? "";
  const data = /data: (.*)/.exec(text)?.[1] ?? "";
  switch (kind) {
    case "drop":
      return events.toSpliced(at, 1);
    case "again":
      return events.toSpliced(at, 0, text);
    case "swap":
      return [...events.slice(at), ...events.slice(0, at)];
    case "cut":
      return [...events.slice(0, at), text.slice(0, text.length / 2)];
    case "raw":
      return events.toSpliced(at, 0, `data: ${raw}\n\n`);
    case "other":
      return events.with(
        at,
        text.replace(data, () => written(withOther(parseJson(data), way, other))),
      );
  }
};

/** What everyone may rely on, whatever a provider sends. */
const expectSoundAnswer = async (model: Model) => {
  let deltas: ModelDelta[];
  try {
    deltas = await ask(model);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return;
  }
  expect(deltas.filter(({ type }) => type === "finish")).toEqual([deltas.at(-1)]);
  expect(() => JSON.stringify(deltas)).not.toThrow();
  const log = new EventLog();
  for (const delta of deltas) {
    if (delta.type === "text" || delta.type === "reasoning") expect(delta.text).toBeTypeOf("string");
    if (delta.type === "text") log.appendText([delta.text]);
    if (delta.type !== "tool_call") continue;
    expect([delta.id, delta.name, delta.arguments].every((each) => typeof each === "string")).toBe(true);
    expect(delta.id).not.toBe("");
  }
  log.serialize();
};

const answer = {
  text: ["One ", "two"],
  reasoning: ["Hm."],
  toolCalls: [
    { id: "call_1", name: "weather", arguments: ['{"place":', '"Kent"}'] },
    { id: "call_2", name: "moon", arguments: ["{}"] },
  ],
};

describe.each([
  ["openai/some-model", "/v1/chat/completions"],
  ["anthropic/some-model", "/v1/messages"],
  ["google/some-model", "/v1beta/models/some-model:streamGenerateContent"],
])("%s", (id, path) => {
  test(
    "whatever its stream holds is an answer or an error of the model",
    async () => {
      const { server, modelOf } = await openModelBench();
      const model = modelOf(id);
      const events = wireOf(path)?.events(answer) ?? [];
      await fc.assert(
        fc.asyncProperty(changes, async (all) => {
          const stream = all.reduce(
            (before, change) => (before.length > 0 ? changed(before, change) : before),
            events,
          );
          server.reply({
            status: 200,
            headers: { "content-type": "text/event-stream" },
            body: stream.join(""),
          });
          await expectSoundAnswer(model);
        }),
        cases,
      );
    },
    patience,
  );

  test(
    "whatever it answers in one piece is an answer or an error of the model",
    async () => {
      const { server, modelOf } = await openModelBench();
      const model = modelOf(id);
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(anything.map(written), fc.string()),
          fc.constantFrom(200, 400, 429, 500),
          async (body, status) => {
            server.reply({ status, body });
            await expectSoundAnswer(model);
          },
        ),
        cases,
      );
    },
    patience,
  );
});

test(
  "whatever an AI SDK package streams is an answer or an error of the model",
  async () => {
    const config: ModelConfig = {
      id: "cohere/command-r",
      provider: "cohere",
      name: "command-r",
      settings: { timeoutSeconds: 20, maxRetries: 0 },
    };
    const types = [
      "text-delta",
      "reasoning-start",
      "reasoning-delta",
      "reasoning-end",
      "tool-call",
      "finish",
      "error",
    ];
    const part = fc.record({
      type: fc.constantFrom(...types),
      id: anything,
      delta: anything,
      providerMetadata: anything,
      toolCallId: anything,
      toolName: anything,
      input: anything,
      finishReason: anything,
      usage: anything,
      error: anything,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(part, anything), { maxLength: 8 }), async (parts) => {
        const stream = new ReadableStream({
          start(controller) {
            for (const each of parts) controller.enqueue(each);
            controller.close();
          },
        });
        const createCohere = () => () => ({ doStream: async () => ({ stream }) });
        await expectSoundAnswer(createAiSdkModel(config, async () => ({ createCohere })));
      }),
      cases,
    );
  },
  patience,
);

test("whatever an MCP server lists, the tools that are offered are sound", {
  timeout: patience,
}, async () => {
  const tool = fc.record({
    name: fc.oneof(fc.string(), anything),
    description: anything,
    inputSchema: fc.oneof(
      anything,
      fc.record(
        {
          type: fc.oneof(fc.constant("object"), anything),
          properties: fc.oneof(fc.dictionary(fc.string(), anything), anything),
          required: fc.oneof(fc.array(fc.string()), anything),
          $ref: fc.constantFrom("#", "#/properties", "#/anyOf/0", "#/%", "x"),
          anyOf: fc.oneof(fc.array(anything), anything),
          allOf: fc.oneof(fc.array(anything), anything),
          $defs: anything,
        },
        { requiredKeys: [] },
      ),
    ),
    execution: anything,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(tool, anything), { maxLength: 6 }), async (listed) => {
      const reader = createToolReader();
      await reader.add(listed);
      const { tools, unusable } = reader.listing;
      expect(tools.length + unusable.length).toBe(listed.length);
      for (const { name, description, schema } of tools) {
        expect([typeof name, typeof description, schema.type]).toEqual(["string", "string", "object"]);
        expect(isObject(schema.properties)).toBe(true);
        expect(() => JSON.stringify(schema)).not.toThrow();
      }
    }),
    cases,
  );
});

test(
  "whatever an MCP server answers to a call is a result of text or an error",
  async () => {
    // As deep as the test's own server can write it.
    const anything = anythingUpTo(1_000);
    let result: object = {};
    const server = await startSessionMcp([], () => result);
    const connection = createMcpConnection(
      {
        id: "raw",
        description: "Raw",
        type: "http",
        endpoint: server.url,
        headers: {},
        parameters: {},
        active: true,
        document: {},
      },
      { dir: ".", env: {}, timeout: 5_000, tries: 1, idleTime: 60_000, outputLimit: 10_000 },
    );
    const content = fc.record(
      {
        type: fc.constantFrom("text", "image", "audio", "resource", "resource_link"),
        text: anything,
        data: anything,
        mimeType: anything,
        resource: anything,
        uri: anything,
        name: anything,
      },
      { requiredKeys: ["type"] },
    );
    const results = fc.record(
      {
        content: fc.oneof(fc.array(fc.oneof(content, anything), { maxLength: 4 }), anything),
        structuredContent: anything,
        isError: anything,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(results, async (given) => {
        result = given;
        const outcome = await connection
          .call("any", {}, new AbortController().signal)
          .catch((error) => error);
        if (outcome instanceof Error) return;
        expect([typeof outcome.text, typeof outcome.failed]).toEqual(["string", "boolean"]);
        expect(() => JSON.stringify(outcome)).not.toThrow();
      }),
      cases,
    );
    await connection.close();
  },
  patience,
);
