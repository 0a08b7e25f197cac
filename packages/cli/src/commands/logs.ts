import { AbortedError, type LogEntry, type LogFilter } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { catchInterruption } from "../base/interruption.ts";
import type { LogRecord } from "../base/log-record.ts";
import { explainFailure, formationTarget, type TargetOptions } from "../target/index.ts";
import { createUi, logLine, type OutputFormat } from "../ui/index.ts";
import { logs as processLogs } from "./deployed/index.ts";

const wireLevels = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  critical: "CRITICAL",
} as const;

const levels = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "critical",
} as const satisfies Record<LogEntry["level"], keyof typeof wireLevels>;

export interface EventLogOptions extends Omit<TargetOptions, "user"> {
  output: OutputFormat;
  /** These two show the output of the formation's process. */
  follow: boolean;
  lines?: number;
  user?: string;
  session?: string;
  request?: string;
  agent?: string;
  level?: keyof typeof wireLevels;
  event?: string;
}

const filterOf = ({ user, session, request, agent, level, event }: EventLogOptions): LogFilter => ({
  userId: user,
  sessionId: session,
  requestId: request,
  agentId: agent,
  level: level && wireLevels[level],
  eventType: event,
});

const recordOf = (entry: LogEntry): LogRecord => {
  const { timestamp, level, event_type, message, data, ...ids } = entry;
  const { user_id: user, session_id: session, request_id: request, agent_id: agent } = ids;
  return {
    level: levels[level],
    time: timestamp,
    message: event_type,
    fields: { request, user, session, agent, message, ...data },
  };
};

/** Shows the events of a formation from now on, until Ctrl+C. */
const followEvents = async (
  context: Context,
  filter: LogFilter,
  options: EventLogOptions,
): Promise<number> => {
  const ui = createUi(context, options.output);
  const { formation, id, isDraft, hasAdminKey } = await formationTarget(context, {
    ...options,
    isForEveryone: true,
  });
  if (!hasAdminKey) {
    throw new CliError(`The admin key of '${id}' is not known`, { hint: "Set MUXI_ADMIN_KEY" });
  }
  const { signal, release } = catchInterruption();
  const waiting = ui.activity("Waiting for events (Ctrl+C to stop)");
  try {
    for await (const entry of formation.streamLogs(filter, { signal, idleTimeout: 0 })) {
      waiting.stop();
      ui.data(entry);
      ui.line(logLine(recordOf(entry), ui.colours));
    }
  } catch (error) {
    // Ctrl+C ends the command without an error.
    if (!(error instanceof AbortedError)) throw explainFailure(error, { formationId: id, isDraft });
  } finally {
    waiting.stop();
    release();
  }
  return 0;
};

/**
 * `muxi logs` (docs/spec/cli.md "muxi logs"): the formation's events with a filter, or its process's output with
 * `--follow` or `--lines`.
 *
 * @param showHelp Called if neither is given.
 */
export const logs = async (
  context: Context,
  given: string | undefined,
  options: EventLogOptions,
  showHelp: () => void,
): Promise<number> => {
  const { output, follow, lines, profile } = options;
  const formation = given ?? options.formation;
  const filter = filterOf(options);
  if (Object.values(filter).some((value) => value !== undefined)) {
    return followEvents(context, filter, { ...options, formation });
  }
  if (!follow && lines === undefined) {
    showHelp();
    return 0;
  }
  return processLogs(context, formation, {
    ...{ output, follow, lines: lines ?? 100, stream: "all" },
    ...(profile !== undefined && { profile }),
  });
};
