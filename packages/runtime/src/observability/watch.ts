import type { Usage } from "@muxi/protocol";
import type { CallerSpan } from "../base/index.ts";
import { type Model, ModelError } from "../models/index.ts";
import type { Tool } from "../tools/index.ts";
import type { EventName, Level } from "./events.ts";
import type { Observability } from "./observability.ts";

/** The models and tools that answer a request. */
export interface Watched {
  model: Model;
  /** The model that is asked as soon as a tool's result has images. */
  seeing: Model | undefined;
  tools: readonly Tool[];
}

/** The ids of a request, and the call that made it. */
export interface WatchedRequest {
  requestId: string;
  sessionId: string;
  userId: string;
  agentId: string;
  caller: CallerSpan | undefined;
  /** Of the request before. */
  questions: number | undefined;
}

/**
 * Wraps a request's model and tools so that each call is reported. While nobody listens, it returns them unchanged, so
 * that a chat costs no more.
 */
export type Watch = (request: WatchedRequest, watched: Watched) => Watched;

const usageData = ({ total_tokens: _, ...counts }: Usage) => counts;

const errorType = (error: unknown): string => {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  return error instanceof Error ? error.name : "unknown";
};

export const createWatch =
  (observability: Observability, now: () => number): Watch =>
  (ids, watched) => {
    if (!observability.isActive()) return watched;
    const tell = (event: EventName, level: Level, since: number, data: Record<string, unknown>) =>
      observability.observe({ event, level, ...ids, data: { ...data, duration_ms: now() - since } });

    const watchedModel = ({ id, stream }: Model): Model => ({
      id,
      async *stream(request, signal) {
        const since = now();
        let firstAt: number | undefined;
        try {
          for await (const deltas of stream(request, signal)) {
            firstAt ??= now();
            for (const delta of deltas) {
              if (delta.type !== "finish") continue;
              tell("model.completed", "info", since, {
                model: id,
                response_model: delta.model,
                finish_reason: delta.reason,
                first_part_ms: firstAt - since,
                ...usageData(delta.usage),
              });
            }
            yield deltas;
          }
        } catch (error) {
          tell("model.failed", "warn", since, {
            model: id,
            error_type: errorType(error),
            // Of our own words: what the provider wrote is in its cause.
            ...(error instanceof ModelError && { message: error.message }),
          });
          throw error;
        }
      },
    });

    // Built-in tools are recognised by identity, and what they do shows in the request itself.
    const watchedTool = (tool: Tool): Tool => {
      if (tool.server === undefined) return tool;
      return {
        ...tool,
        async call(args, signal, journal) {
          const since = now();
          const about = { tool: tool.definition.name, server: tool.server };
          try {
            const outcome = await tool.call(args, signal, journal);
            tell(
              outcome.failed ? "tool.failed" : "tool.completed",
              outcome.failed ? "warn" : "info",
              since,
              about,
            );
            return outcome;
          } catch (error) {
            tell("tool.failed", "warn", since, { ...about, error_type: errorType(error) });
            throw error;
          }
        },
      };
    };

    return {
      model: watchedModel(watched.model),
      seeing: watched.seeing && watchedModel(watched.seeing),
      tools: watched.tools.map(watchedTool),
    };
  };
