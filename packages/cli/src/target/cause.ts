import { stat } from "node:fs/promises";
import { createLineReader } from "@muxi/server";
import { MuxiError } from "muxi-client";
import * as z from "zod";
import { CliError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { explainFailure } from "./explain.ts";

/** Bytes of a log that are searched, from its end. */
const searchedBytes = 256 * 1024;

/** The last lines of a log file; the first may be cut. */
export const lastLines = async (file: string): Promise<string[]> => {
  const { size } = await stat(file);
  const lines: string[] = [];
  for await (const line of createLineReader(file, Math.max(0, size - searchedBytes)).newLines())
    lines.push(line);
  return lines;
};

const failureSchema = z.object({
  err: z.object({ message: z.string() }),
  requestId: z.string().optional(),
  request_id: z.string().optional(),
});

const causeIn = (lines: readonly string[], requestId: string): string | undefined => {
  for (const line of lines.toReversed()) {
    if (!line.includes(requestId)) continue;
    const { data } = failureSchema.safeParse(parseJson(line));
    if (data && (data.requestId ?? data.request_id) === requestId) return data.err.message;
  }
  return undefined;
};

/**
 * As `explainFailure`, for calls that a model answers. Callers of a formation are not told why its model failed; who
 * runs this command and can read the formation's log is.
 *
 * @param target.readLog Reads the last lines of the formation's log.
 */
export const explainAnswer = async (
  error: unknown,
  target: { formationId: string; isDraft: boolean; readLog: () => Promise<readonly string[]> },
): Promise<unknown> => {
  const failure = explainFailure(error, target);
  if (!(failure instanceof CliError && error instanceof MuxiError && error.code.startsWith("LLM_")))
    return failure;
  // Without the log, or the right to read it, the error stays as it is.
  const lines = await target.readLog().catch(() => []);
  const cause = causeIn(lines, error.requestId ?? "");
  return cause === undefined
    ? failure
    : new CliError(failure.message, { detail: [...failure.detail, cause], cause: error });
};
