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

export interface Tool {
  /** As the model sees it. */
  definition: ToolDefinition;
  /** The MCP server that offers it; built-in tools have none. */
  server?: string;
  /** For one call, in milliseconds, where the formation's limit for tools does not fit. */
  timeLimit?: number;
  /**
   * @param signal Aborted when the request is cancelled or the call takes too long.
   * @throws Error when the call could not be made; its message is for the model
   */
  call(args: Record<string, unknown>, signal: AbortSignal): Promise<ToolOutcome>;
}
