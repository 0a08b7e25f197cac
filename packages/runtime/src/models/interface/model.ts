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
  /** Opaque value that the provider needs back with the call (Google's `thoughtSignature`). */
  signature?: string;
}

/**
 * A model's reasoning before it called tools, in the form in which its provider needs it back with the results.
 * Only the adapter that made it reads `data`.
 */
export interface Thoughts {
  /** Id of the model. No other one gets them. */
  model: string;
  data: Record<string, unknown>;
}

export interface ImagePart {
  type: "image";
  /** A type that models support, such as `image/png`. */
  mediaType: string;
  /** Base64. */
  data: string;
}

export type ContentPart = { type: "text"; text: string } | ImagePart;

/**
 * Context that was gathered for a message and is not the user's text. It is put in the last message, after everything
 * that stays the same from turn to turn.
 */
export interface MessageContext {
  /** What is known of the user, and the passages that fit the message; marked as such. */
  known: string;
  /** The time of day, which no answer depends on that may be given again. */
  clock: string;
}

export type ModelMessage =
  | { role: "system"; content: string }
  | {
      role: "user";
      content: string | ContentPart[];
      context?: MessageContext;
      /** Whether this message is the one to be answered: later ones are the overlord's instructions. */
      startsTurn?: true;
    }
  | { role: "assistant"; content: string; toolCalls?: ToolCall[]; thoughts?: Thoughts }
  | {
      role: "tool";
      toolCallId: string;
      name: string;
      content: string;
      /** Images of the result, for a model that sees them. */
      images?: ImagePart[];
    };

/** Settings of one call. The provider's defaults apply to those left out. */
export interface ModelSettings {
  temperature?: number;
  maxTokens?: number;
  /**
   * JSON Schema of the answer. Providers want objects that require all of their properties and forbid
   * others, as `z.toJSONSchema(z.object(…))` makes them; check the answer all the same.
   */
  jsonSchema?: Record<string, unknown>;
}

export interface ModelRequest {
  messages: ModelMessage[];
  tools?: ToolDefinition[];
  /** `none`: no more calls; the tools are listed because `messages` refer to them. */
  toolChoice?: "none";
  settings?: ModelSettings;
  /** Identifies the conversation, whose requests begin alike. Providers get a digest of it. */
  conversation?: string;
  /**
   * Passages that the overlord found for this message. Other models read them in the prompt; the built-in model answers
   * from them.
   */
  context?: RecalledContext;
}

/** A passage of memory, of the session or of the agent's knowledge. */
export interface Passage {
  text: string;
  /** Source in terms that users understand: a file name, `memory`, `this conversation`. */
  source: string;
  kind: "memory" | "session" | "knowledge";
  /** By which the answer names it, as in `[1]`; absent where answers name none. */
  number?: number;
}

export interface RecalledContext {
  /** Best first. */
  passages: Passage[];
  /** Of a task: names of the tools that it names, and the texts that it was given, the user's message first. */
  task?: { tools: readonly string[]; texts: readonly string[] };
}

/**
 * The deltas of a model's answer, in order: any mix of `text`, `reasoning` and complete `tool_call`s, perhaps `thoughts`,
 * then exactly one `finish`. A stream that breaks throws a `ModelError` instead.
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
   * Asks the model. Deltas come in batches, one for each read from the socket, so that a consumer awaits once per
   * packet and not once per token.
   *
   * @param signal Aborting it closes the connection and makes the iteration throw its reason.
   * @throws ModelError
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelDelta[]>;
}
