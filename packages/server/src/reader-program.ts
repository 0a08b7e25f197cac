/**
 * Carries out one task of the server in a process of its own, and ends. What callers send may use up the time and the
 * memory of this process, which the server limits.
 */
import { setPriority } from "node:os";
import { asError } from "@muxi/http";
import { asFailure } from "./base/disk.ts";
import { identify } from "./bundles/index.ts";
import { createDraft, hashDraft } from "./drafts/index.ts";
import type { ReaderMessage, ReaderTask } from "./reader/index.ts";
import { archive, backUp, stage } from "./staging/index.ts";

/** The formations come first. */
const niceness = 10;

const tell = (message: ReaderMessage): void => void process.send?.(message);

const perform = async (task: ReaderTask): Promise<unknown> => {
  switch (task.kind) {
    case "stage":
      return stage(task, (progress) => tell({ type: "progress", progress }), cancelled.signal);
    case "draft":
      return createDraft(task.draft);
    case "hash":
      return hashDraft(task.draft);
    case "identify":
      return identify(task.folder, task.env);
    case "archive":
      return archive(task);
    case "backup":
      return backUp(task);
  }
};

const cancelled = new AbortController();
/** Ends this process and npm, which would go on alone. */
const end = (): void => {
  cancelled.abort();
  process.exit();
};

process.once("message", async (task: ReaderTask) => {
  try {
    tell({ type: "done", result: await perform(task) });
  } catch (error) {
    const told = asFailure(error);
    if (told) tell({ type: "refused", status: told.status, failure: told.type, message: told.message });
    else tell({ type: "broken", message: asError(error).stack ?? String(error) });
  }
  process.disconnect();
});
process.once("SIGTERM", end);
// Without its server nobody waits for the task.
process.once("disconnect", end);
setPriority(niceness);
