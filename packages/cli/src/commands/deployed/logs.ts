import { AbortedError } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { catchInterruption } from "../../base/interruption.ts";
import { readLogRecord } from "../../base/log-record.ts";
import { type ChosenServer, chosenServer, explainDeployedError } from "../../server/index.ts";
import { formationId } from "../../target/index.ts";
import { createUi, logLine, type Ui } from "../../ui/index.ts";
import type { DeployedOptions } from "./lifecycle.ts";

export const logStreams = ["stdout", "stderr", "all"] as const;

export interface LogsOptions extends DeployedOptions {
  lines: number;
  stream: (typeof logStreams)[number];
  follow: boolean;
}

/** A line for people; what is no record of the formation's own log stays as it is. */
const shown = ({ colours }: Ui, line: string): string => {
  const record = readLogRecord(line);
  return record ? logLine(record, colours) : line;
};

const followLogs = async (ui: Ui, server: ChosenServer, id: string, stream: LogsOptions["stream"]) => {
  const { signal, release } = catchInterruption();
  try {
    const events = server.client.streamFormationLogs({ formationId: id, stream }, { signal, idleTimeout: 0 });
    for await (const { event, data } of events) {
      if (event !== "log") continue;
      ui.data(data);
      ui.line(shown(ui, data.line));
    }
  } catch (error) {
    // Ctrl+C ends the command without an error.
    if (!(error instanceof AbortedError)) throw error;
  } finally {
    release();
  }
};

/** `muxi remote logs`: the output of a formation's process (docs/spec/cli.md "muxi remote"). */
export const logs = async (
  context: Context,
  given: string | undefined,
  { output, profile, lines, stream, follow }: LogsOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const server = await chosenServer(context, profile);
  const id = await formationId(context, given);
  try {
    const result = await server.client.getFormationLogs({ formationId: id, lines, stream });
    const { stdout, stderr } = result.logs;
    if (!follow) ui.data(result);
    for (const line of [...(stdout ?? []), ...(stderr ?? [])]) ui.line(shown(ui, line));
    if (follow) await followLogs(ui, server, id, stream);
    else if (![...(stdout ?? []), ...(stderr ?? [])].length) ui.line("No logs available");
  } catch (error) {
    throw explainDeployedError(error, server, `The logs of '${id}' could not be read`);
  }
  return 0;
};
