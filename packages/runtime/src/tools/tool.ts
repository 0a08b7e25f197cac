import type { Usage } from "@muxi/protocol";
import type { KnowledgePassage } from "../knowledge/index.ts";
import type { ImagePart, ToolDefinition } from "../models/index.ts";

/** A passage that was found in an agent's knowledge. */
export interface FoundPassage {
  agentId: string;
  passage: KnowledgePassage;
  /** Its number in the text of a result that names it. */
  number?: number;
}

/** The result of a call. A failure is not the end: the model reads the reason and can try something else. */
export interface ToolOutcome {
  text: string;
  failed: boolean;
  /** Images of the result; the text describes them for models that see none. */
  images?: ImagePart[];
  /** The service for which the user has no working credential, when they may give one in the chat. */
  credential?: string;
  /** What the text holds of documents, or rests on, for citations. */
  passages?: readonly FoundPassage[];
  /** The tokens that a tool which asks a model has used. */
  usage?: Usage;
}

/** What a user, or who stands in for them, says to something that a request waits for. */
export interface GivenAnswer {
  action: "answer" | "approve" | "deny";
  /** What was asked for, or why it was denied. */
  value?: unknown;
  /** Arguments in place of those that the model has chosen. */
  editedArgs?: Record<string, unknown> | undefined;
  /** What has come of calls that the caller of the request was to make. */
  results?: { id: string; content: string; isError: boolean }[] | undefined;
}

/**
 * The finished steps of a request. A request that is resumed after a crash takes their results and does only the rest.
 */
export interface Journal {
  /**
   * Does some work, unless its result is stored already.
   *
   * @param key Name of the step, unique within its request or within the step that it is part of.
   * @param work Gets a journal for its own steps.
   * @returns The result after a round trip through JSON.
   */
  step<T>(key: string, work: (within: Journal) => Promise<T>): Promise<T>;
  /**
   * What was answered to something that the request has asked, in place of a step.
   *
   * @param key As for `step`.
   * @returns `place` is the key in the whole request; `answer` is undefined as long as nothing was answered.
   */
  given(key: string): { place: string; answer: GivenAnswer | undefined };
  /** Whether a step is finished. */
  has(key: string): boolean;
  /** The journal of a part that is no step itself. */
  part(name: string): Journal;
}

export interface Tool {
  /** What the model sees of it. */
  definition: ToolDefinition;
  /** The MCP server that offers it, and its name there; built-in tools have neither. */
  server?: string;
  serverTool?: string;
  /** Whether a call waits for the user's yes; absent where none does. */
  needsApproval?: () => Promise<boolean>;
  /** Of a tool that the caller of the request runs: the arguments as the caller knows them, or what is wrong with them. */
  ofCaller?: (
    args: Record<string, unknown>,
  ) => { args: Record<string, unknown>; problems?: undefined } | { args?: undefined; problems: string[] };
  /** Milliseconds for one call, in place of the formation's limit for tools. */
  timeLimit?: number;
  /**
   * @param signal Aborted when the request is cancelled or the call takes too long.
   * @param journal For a call that consists of several steps.
   * @throws Error when the call cannot be made. The model reads its message
   */
  call(args: Record<string, unknown>, signal: AbortSignal, journal: Journal): Promise<ToolOutcome>;
}
