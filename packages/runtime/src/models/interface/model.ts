import type { FinishReason, Usage } from "@muxi/protocol";

/** A tool that the model may call. */
export interface ToolDefinition {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
}

export interface ToolCall {
  id: string;
  name: string;
  /** The arguments as the model wrote them: JSON text, possibly invalid. */
  arguments: string;
  /** What the provider wants to see again with the call (Google's `thoughtSignature`); nobody else reads it. */
  signature?: string;
}

/**
 * What a model thought before it called tools, in the form in which its provider wants to see it again with the results.
 * Only the adapter that made it reads `data`.
 */
export interface Thoughts {
  /** The model that thought: another one is not shown them. */
  model: string;
  data: Record<string, unknown>;
}

export type ContentPart =
  | { type: "text"; text: string }
  /** `data` is base64; `mediaType` is one that models see, such as `image/png`. */
  | { type: "image"; mediaType: string; data: string };

/**
 * What was gathered for a message, and is not part of what the user said. It stands with the last message, so that all
 * that is the same from turn to turn comes before it.
 */
export interface MessageContext {
  /** What is known of the user, and the passages that fit the message; marked as such. */
  known: string;
  /** The time of day, which no answer depends on that may be given again. */
  clock: string;
}

export type ModelMessage =
  | { role: "system"; content: string }
  | { role: "user"; content: string | ContentPart[]; context?: MessageContext }
  | { role: "assistant"; content: string; toolCalls?: ToolCall[]; thoughts?: Thoughts }
  | { role: "tool"; toolCallId: string; name: string; content: string };

/** Settings of one call; what is left out is left to the provider. */
export interface ModelSettings {
  temperature?: number;
  maxTokens?: number;
  /**
   * The answer is JSON of this schema. Providers want objects that require all of their properties and forbid
   * others, as `z.toJSONSchema(z.object(…))` makes them; check the answer all the same.
   */
  jsonSchema?: Record<string, unknown>;
}

export interface ModelRequest {
  messages: ModelMessage[];
  tools?: ToolDefinition[];
  /** `none`: the tools are there for the calls in `messages` to make sense, and no more calls are wanted. */
  toolChoice?: "none";
  settings?: ModelSettings;
  /**
   * What the overlord found for this message. Real models read it in the prompt; the built-in model answers
   * from it.
   */
  context?: RecalledContext;
}

/** A passage of memory, of the session or of the agent's knowledge. */
export interface Passage {
  text: string;
  /** Where it comes from, in words a user understands: a file name, `memory`, `this conversation`. */
  source: string;
  kind: "memory" | "session" | "knowledge";
}

export interface RecalledContext {
  /** Best first. */
  passages: Passage[];
}

/**
 * What a model sends back, in order: any mix of `text`, `reasoning` and whole `tool_call`s, perhaps `thoughts`, then
 * exactly one `finish`. A stream that breaks throws an `ApiError` instead.
 */
export type ModelDelta =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | ({ type: "tool_call" } & ToolCall)
  | ({ type: "thoughts" } & Thoughts)
  | { type: "finish"; reason: FinishReason; usage: Usage; model: string };

export interface Model {
  /** As the formation names it: `provider/name`. */
  readonly id: string;
  /**
   * Asks the model. Deltas come in batches: all that one read from the socket held, so that a consumer pays one
   * await a packet and not one a token.
   *
   * @param signal Aborting it closes the connection and makes the iteration throw its reason.
   * @throws ApiError `LLM_ERROR`, `LLM_RATE_LIMITED` (with `retryAfter`), `LLM_TIMEOUT`
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelDelta[]>;
}
