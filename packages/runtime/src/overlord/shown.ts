import { EventLog } from "../events/index.ts";
import type { AgentLog } from "./agent-loop.ts";
import { isStrict, type ResponseFormat } from "./format.ts";

/** How a formation's answers are shown to their callers. */
export interface Showing {
  /** Whether callers see progress and tool calls besides the answer (docs/spec/formation-files.md "Progress"). */
  progress: boolean;
  format: ResponseFormat;
}

/**
 * The log that an agent writes to, filtered for the caller. An answer in a strict format is held back until it is
 * complete; text before a tool call is not part of it.
 */
export const shownIn = (log: EventLog, { progress, format }: Showing): AgentLog => {
  let draft = new EventLog();
  const isHeld = isStrict(format);
  if (progress && !isHeld) return log;
  const text = () => (isHeld ? draft : log);
  return {
    append(event) {
      if (isHeld && event.type === "tool_call") draft = new EventLog();
      if (progress) log.append(event);
    },
    appendText: (pieces) => text().appendText(pieces),
    get length() {
      return text().length;
    },
    get text() {
      return text().text;
    },
  };
};
