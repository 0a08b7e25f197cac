import { EventLog } from "../events/index.ts";
import type { AgentLog } from "./agent-loop.ts";
import { type Form, isStrict } from "./format.ts";

/** How a formation's answers are shown to their callers. */
export interface Showing {
  /** Whether callers see progress and tool calls besides the answer (docs/spec/formation-files.md "Progress"). */
  progress: boolean;
  form: Form;
}

/**
 * The log that an agent writes to, filtered for the caller. An answer in a strict format is held back until it is
 * complete; text before a tool call is not part of it. Of one that is to fit a schema, the parts are shown as they come.
 */
export const shownIn = (log: EventLog, { progress, form: { format, schema } }: Showing): AgentLog => {
  let draft = new EventLog();
  const isHeld = isStrict(format);
  if (progress && !isHeld) return log;
  const text = () => (isHeld ? draft : log);
  return {
    append(event) {
      if (isHeld && event.type === "tool_call") draft = new EventLog();
      if (progress) log.append(event);
    },
    appendText(pieces) {
      const begins = text().length === 0;
      text().appendText(pieces);
      if (schema) log.append({ type: "object", delta: pieces.join(""), ...(begins && { replace: true }) });
    },
    get length() {
      return text().length;
    },
    get text() {
      return text().text;
    },
  };
};
