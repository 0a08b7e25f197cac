/** What a model answers, whatever the wire. */
export interface Answer {
  /** The pieces of the text, one event each. */
  text: string[];
  reasoning?: string[];
  /** Each call's arguments as pieces of JSON text, one event each where the wire has pieces. */
  toolCalls?: { id: string; name: string; arguments: string[] }[];
  /** In the provider's words. Default: its normal end, or that after tool calls. */
  finishReason?: string;
  /** `cached` and `cacheWrite` are parts of `input`. */
  usage?: { input: number; output: number; cached?: number; cacheWrite?: number };
}

export interface Wire {
  /** The stream, one server-sent event each, the mark of the end included. */
  events(answer: Answer): string[];
  /** An error inside a stream. */
  error(error: object): string;
}

const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (type: string, fields: object = {}): string => `event: ${type}\n${data({ type, ...fields })}`;

const usageOf = ({ usage = { input: 10, output: 5 } }: Answer) => usage;

const openai: Wire = {
  events(answer) {
    const { text, reasoning = [], toolCalls = [] } = answer;
    const { input, output, cached } = usageOf(answer);
    const base = {
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "test-model",
    };
    const chunk = (delta: object, finish_reason: string | null = null) =>
      data({ ...base, choices: [{ index: 0, delta, finish_reason }], usage: null });
    return [
      chunk({ role: "assistant", content: "" }),
      ...reasoning.map((piece) => chunk({ reasoning_content: piece })),
      ...text.map((content) => chunk({ content })),
      ...toolCalls.flatMap(({ id, name, arguments: pieces }, index) => [
        chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
        ...pieces.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
      ]),
      chunk({}, answer.finishReason ?? (toolCalls.length > 0 ? "tool_calls" : "stop")),
      data({
        ...base,
        choices: [],
        usage: {
          prompt_tokens: input,
          completion_tokens: output,
          total_tokens: input + output,
          ...(cached !== undefined && { prompt_tokens_details: { cached_tokens: cached } }),
        },
      }),
      "data: [DONE]\n\n",
    ];
  },
  error: (error) => data({ error }),
};

const anthropic: Wire = {
  events(answer) {
    const { text, reasoning = [], toolCalls = [] } = answer;
    const { input, output, cached = 0, cacheWrite = 0 } = usageOf(answer);
    const counts = {
      input_tokens: input - cached - cacheWrite,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: cacheWrite,
      output_tokens: 1,
    };
    let index = -1;
    const block = (content_block: object, deltas: object[]): string[] => {
      index += 1;
      return [
        named("content_block_start", { index, content_block }),
        ...deltas.map((delta) => named("content_block_delta", { index, delta })),
        named("content_block_stop", { index }),
      ];
    };
    const message = { id: "msg_1", type: "message", role: "assistant", model: "test-model", content: [] };
    return [
      named("message_start", { message: { ...message, usage: counts } }),
      named("ping"),
      ...(reasoning.length > 0
        ? block(
            { type: "thinking", thinking: "" },
            reasoning.map((thinking) => ({ type: "thinking_delta", thinking })),
          )
        : []),
      ...(text.length > 0
        ? block(
            { type: "text", text: "" },
            text.map((piece) => ({ type: "text_delta", text: piece })),
          )
        : []),
      ...toolCalls.flatMap(({ id, name, arguments: pieces }) =>
        block(
          { type: "tool_use", id, name, input: {} },
          pieces.map((partial_json) => ({ type: "input_json_delta", partial_json })),
        ),
      ),
      named("message_delta", {
        delta: { stop_reason: answer.finishReason ?? (toolCalls.length > 0 ? "tool_use" : "end_turn") },
        usage: { output_tokens: output },
      }),
      named("message_stop"),
    ];
  },
  error: (error) => named("error", { error }),
};

const google: Wire = {
  events(answer) {
    const { text, reasoning = [], toolCalls = [] } = answer;
    const { input, output, cached } = usageOf(answer);
    const usageMetadata = {
      promptTokenCount: input,
      ...(cached !== undefined && { cachedContentTokenCount: cached }),
      candidatesTokenCount: output,
      totalTokenCount: input + output,
    };
    const chunk = (part: object, finish: object = {}) =>
      `data: ${JSON.stringify({
        candidates: [{ content: { role: "model", parts: [part] }, index: 0, ...finish }],
        usageMetadata,
        modelVersion: "test-model",
      })}\r\n\r\n`;
    return [
      ...reasoning.map((piece) => chunk({ text: piece, thought: true })),
      ...text.map((piece) => chunk({ text: piece })),
      ...toolCalls.map(({ name, arguments: pieces }) =>
        chunk({ functionCall: { name, args: JSON.parse(pieces.join("")) }, thoughtSignature: "c2lnbmVk" }),
      ),
      chunk({ text: "" }, { finishReason: answer.finishReason ?? "STOP" }),
    ];
  },
  error: (error) => data({ error }),
};

/** The wire that is spoken at a path. */
export const wireOf = (path: string): Wire | undefined => {
  if (path.endsWith("/chat/completions")) return openai;
  if (path.endsWith("/messages")) return anthropic;
  if (path.includes(":streamGenerateContent")) return google;
  return undefined;
};
