import { MuxiError, type OperationComplete, type OperationEvent, StreamTruncatedError } from "muxi-client";
import { CliError } from "../../base/errors.ts";
import { type ChosenServer, explainDeployedError } from "../../server/index.ts";
import type { Ui } from "../../ui/index.ts";
import { doneText, runningText, type StageEvent } from "./stages.ts";

/** A long operation of a server, and its texts. */
export interface FollowedOperation {
  server: ChosenServer;
  events: AsyncIterable<OperationEvent>;
  /** Shown until the first event. */
  waiting: string;
  /** Shown when the first event arrives. */
  accepted?: string;
  /** Title of a failure before the first event. */
  failed: string;
}

/**
 * Shows one stage at a time. A new stage completes the previous one; another event of the same stage replaces its
 * line.
 */
const createStages = (ui: Ui, waiting: string, accepted: string | undefined) => {
  let activity = ui.activity(waiting);
  let current: StageEvent | undefined;
  let begun = false;
  const closeCurrent = () => {
    if (!current) return;
    activity.stop();
    ui.success(`[SERVER] ${doneText(current)}`);
  };
  return {
    get begun() {
      return begun;
    },
    begin() {
      if (begun) return;
      begun = true;
      activity.stop();
      if (accepted !== undefined) ui.success(accepted);
    },
    show(event: StageEvent) {
      const text = `[SERVER] ${runningText(event)}`;
      if (current?.stage === event.stage) {
        // Keep fields of earlier events of the stage: the version, for example, is sent only once.
        current = { ...current, ...event };
        activity.show(text);
        return;
      }
      closeCurrent();
      current = event;
      activity = ui.activity(text);
    },
    closeCurrent,
    stop: () => activity.stop(),
  };
};

/**
 * Follows an operation to its end and shows its stages (docs/spec/cli.md "muxi deploy").
 *
 * @throws CliError when it fails, or when the connection ends before the operation does.
 */
export const followOperation = async (
  ui: Ui,
  { server, events, waiting, accepted, failed }: FollowedOperation,
): Promise<OperationComplete> => {
  const stages = createStages(ui, waiting, accepted);
  try {
    for await (const { event, data } of events) {
      stages.begin();
      if (event === "progress") stages.show(data);
      if (event !== "complete") continue;
      stages.closeCurrent();
      return data;
    }
  } catch (error) {
    stages.stop();
    if (error instanceof StreamTruncatedError) throw endedEarly(error);
    if (!stages.begun || !(error instanceof MuxiError)) throw explainDeployedError(error, server, failed);
    throw new CliError("[SERVER] Failed", { detail: error.message.split("\n"), cause: error });
  } finally {
    stages.stop();
  }
  throw endedEarly(undefined);
};

const endedEarly = (cause: unknown): CliError =>
  new CliError("SSE stream ended without complete or error event", {
    hint: "To see the result, run: muxi remote list",
    cause,
  });
