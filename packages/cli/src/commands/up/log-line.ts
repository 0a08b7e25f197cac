import * as z from "zod";
import { parseJson } from "../../base/json.ts";

/** A line of a formation's log that its author should see. */
export interface Notice {
  level: "warning" | "error";
  message: string;
  detail: string[];
}

const warningLevel = 40;
const errorLevel = 50;

const lineSchema = z.looseObject({
  level: z.number(),
  msg: z.string().default(""),
  /** Holds a warning of the validation, which the command has shown itself. */
  validation: z.unknown().optional(),
});
const errorSchema = z.object({ message: z.string() });

/** Fields that are not worth showing. */
const commonFields = new Set(["level", "time", "msg", "formation", "err", "pid", "hostname"]);

/** Parses a warning or an error of the JSON log; undefined for anything else. */
export const noticeOf = (line: string): Notice | undefined => {
  const parsed = lineSchema.safeParse(parseJson(line));
  if (!parsed.success || parsed.data.level < warningLevel || parsed.data.validation) return undefined;
  const { level, msg, err } = parsed.data;
  const cause = errorSchema.safeParse(err).data?.message;
  const fields = Object.entries(parsed.data)
    .filter(([name]) => !commonFields.has(name))
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return {
    level: level >= errorLevel ? "error" : "warning",
    message: msg || cause || "(no message)",
    detail: [...(cause !== undefined && msg !== "" ? [cause] : []), ...fields],
  };
};
