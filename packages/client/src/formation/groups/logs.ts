import type { LogEntry } from "@muxi/protocol/types";
import { ConfigurationError } from "../../errors/index.ts";
import type { StreamOptions } from "../../http/index.ts";
import type { EventStream } from "../../stream/index.ts";
import { access, follow, streamMethod } from "../index.ts";

/** Which entries of the log to follow. One of the fields is needed. */
export interface LogFilter {
  /** Only entries about this user. */
  userId?: string | undefined;

  /** Only entries about this session. */
  sessionId?: string | undefined;

  /** Only entries about this request. */
  requestId?: string | undefined;

  /** Only entries about this agent. */
  agentId?: string | undefined;
  /** Entries of this level alone. */
  level?: "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL" | undefined;
  /** May hold `*`. */
  eventType?: string | undefined;
}

/** The formation's log. Needs the admin key (docs/spec/formation-api.md "Log stream"). */
export interface LogMethods {
  /**
   * Follows the log, from now until the loop is left.
   *
   * @example
   * for await (const { level, message } of formation.streamLogs({ level: "ERROR" })) console.log(level, message);
   */
  stream(filter: LogFilter, options?: StreamOptions): EventStream<LogEntry>;
}

const names = "userId, sessionId, requestId, agentId, level, eventType";

export const createLogs = (): LogMethods => ({
  stream: streamMethod("streamLogs", `{ ${names} }`, (caller, filter, options) => {
    const query = {
      user_id: filter.userId,
      session_id: filter.sessionId,
      request_id: filter.requestId,
      agent_id: filter.agentId,
      level: filter.level,
      event_type: filter.eventType,
    };
    if (Object.values(query).every((value) => value === undefined)) {
      throw new ConfigurationError("filter", `one of these is needed: ${names}`);
    }
    return follow<LogEntry>(caller, { ...access.admin, path: "/logs", query }, options);
  }),
});
