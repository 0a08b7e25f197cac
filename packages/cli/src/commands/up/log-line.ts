import { readProcessRecord } from "../../base/log-record.ts";

/** A line of a formation's log that its author should see. */
export interface Notice {
  level: "warning" | "error";
  message: string;
  detail: string[];
}

/** Reads a warning or an error of the log; undefined for anything else. */
export const noticeOf = (line: string): Notice | undefined => {
  const record = readProcessRecord(line);
  if (!record || record.level === "debug" || record.level === "info") return undefined;
  const { validation, cause, ...fields } = record.fields;
  // The command has shown itself what the validation finds.
  if (validation) return undefined;
  const details = Object.entries(fields).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return {
    level: record.level === "warn" ? "warning" : "error",
    message: record.message || "(no message)",
    detail: [...(typeof cause === "string" ? [cause] : []), ...details],
  };
};
