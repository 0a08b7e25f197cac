import { join } from "node:path";
import { createLineReader } from "@muxi/server";
import { CliError } from "../../base/errors.ts";
import type { LocalServer } from "../../server/index.ts";
import type { Ui } from "../../ui/index.ts";
import type { RunningDraft } from "./describe.ts";
import { type EndReason, follow } from "./follow.ts";
import { noticeOf } from "./log-line.ts";

const tailLength = 10;

/** Why it ended, and the error for the user. */
export interface StayResult {
  end: EndReason;
  failure?: CliError;
}

/** Shows a draft's warnings and errors until it ends or the user stops it. */
export const stay = async (
  draft: RunningDraft,
  server: LocalServer,
  signal: AbortSignal,
  ui: Ui,
): Promise<StayResult> => {
  const { id } = draft.formation;
  const logFile = (stream: "out" | "err") => join(server.logsDirectory, `${id}-draft-${stream}.log`);
  const errorOutput: string[] = [];
  const logs = [
    {
      lines: createLineReader(logFile("out"), 0),
      onLine(line: string) {
        const notice = noticeOf(line);
        if (notice?.level === "warning") ui.warning(notice.message, notice.detail);
        if (notice?.level === "error") ui.problem(notice.message, notice.detail);
      },
    },
    {
      lines: createLineReader(logFile("err"), 0),
      onLine(line: string) {
        errorOutput.push(line);
        if (errorOutput.length > tailLength) errorOutput.shift();
      },
    },
  ];
  const { serverUrl, draftUrl, pid } = draft;
  const end = await follow({ serverUrl, draftUrl, pid, logs, signal });
  if (end === "died") {
    const detail = errorOutput.length > 0 ? errorOutput : ["It printed no errors"];
    const hint = `Its log: ${logFile("out")}`;
    return { end, failure: new CliError(`Formation '${id}' exited unexpectedly`, { detail, hint }) };
  }
  if (end === "server gone") {
    const detail = [`Formation '${id}' has stopped with it`];
    return { end, failure: new CliError("The server has stopped", { detail, hint: "Run: muxi up" }) };
  }
  return { end };
};
