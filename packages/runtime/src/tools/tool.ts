import type { Usage } from "@muxi/protocol";
import type { ToolDefinition } from "../models/index.ts";

/** What a call came to. A failed one is not the end: the model reads why, and tries something else. */
export interface ToolOutcome {
  text: string;
  failed: boolean;
  /** Service for which the user has no credential that works, and may give one in the chat. */
  credential?: string;
  /** What models used for it, where a tool asks one. */
  usage?: Usage;
}

/**
 * What a request has finished so far. One that is taken up again after a crash gets the results that are there, and
 * does only the rest.
 */
export interface Journal {
  /**
   * Does the work, unless its result is there.
   *
   * @param key Names the step within its request, or within the step that it is a part of.
   * @param work Gets a journal for its own steps.
   * @returns The result, as JSON keeps it.
   */
  step<T>(key: string, work: (within: Journal) => Promise<T>): Promise<T>;
}

export interface Tool {
  /** As the model sees it. */
  definition: ToolDefinition;
  /** The MCP server that offers it; built-in tools have none. */
  server?: string;
  /** For one call, in milliseconds, where the formation's limit for tools does not fit. */
  timeLimit?: number;
  /**
   * @param signal Aborted when the request is cancelled or the call takes too long.
   * @param journal For a call that is work of several steps.
   * @throws Error when the call could not be made; its message is for the model
   */
  call(args: Record<string, unknown>, signal: AbortSignal, journal: Journal): Promise<ToolOutcome>;
}
