import { once } from "node:events";
import { type Formation, formatReport, loadFormation, type Report } from "@muxi/formation";
import type { DeploymentCheck } from "muxi-client";
import { CliError } from "../../base/errors.ts";
import type { LocalServer } from "../../server/index.ts";
import { showWarnings, type Ui, warnOfProblems } from "../../ui/index.ts";
import { areDocuments, type FileWatcher } from "./changes.ts";
import type { RunningDraft } from "./describe.ts";
import { readDocuments } from "./documents.ts";
import { type StartedDraft, startDraft, stopDraft } from "./draft.ts";
import { type StayResult, stay } from "./stay.ts";

export interface ReloadOptions {
  server: LocalServer;
  check: DeploymentCheck;
  env: NodeJS.ProcessEnv;
  /** Aborts on Ctrl+C. */
  signal: AbortSignal;
  ui: Ui;
  /** Collects what there is to know about a draft that has just been started. */
  inspect(formation: Formation, started: StartedDraft): Promise<RunningDraft>;
}

/** Reports a problem without ending the command. */
const complain = ({ ui }: ReloadOptions, id: string, title: string, detail: readonly string[]): void => {
  ui.data({ formation_id: id, problem: title, detail });
  ui.problem(title, detail);
};

/** Reads the formation's changed files; undefined if they are not valid. */
const readAgain = async (
  { formation: { id, dir } }: RunningDraft,
  reloading: ReloadOptions,
): Promise<{ formation: Formation; report: Report } | undefined> => {
  const { formation: changed, report } = await loadFormation(dir, { env: reloading.env });
  if (!changed) {
    const errors = formatReport({ ...report, suggestions: [] });
    complain(
      reloading,
      id,
      "The change has errors, so the formation keeps running as it was",
      errors.slice(1),
    );
    return undefined;
  }
  showWarnings(report, reloading.ui);
  if (changed.id === id) return { formation: changed, report };
  const title = `The id has changed to ${changed.id}, so the formation keeps running as it was`;
  complain(reloading, id, title, ["To run it under the new id, run 'muxi up' again"]);
  return undefined;
};

/** Stops the old process and starts a new one at the same address. Undefined if it does not start. */
const replace = async (
  old: RunningDraft,
  formation: Formation,
  reloading: ReloadOptions,
): Promise<RunningDraft | undefined> => {
  const { server, check, ui, inspect } = reloading;
  try {
    return await ui.during(`Restarting ${formation.id}...`, async () => {
      await stopDraft(server, old.formation.id);
      const started = await startDraft(reloading, server, formation, check);
      warnOfProblems(ui, started.problems);
      return inspect(formation, started);
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const detail = [...error.detail, "It stays stopped until the next change"];
    complain(reloading, formation.id, error.message, detail);
    return undefined;
  }
};

/**
 * Aborts at the next change that needs a new process. Documents that change before are read by the draft that runs.
 *
 * @param draft Undefined while none is running.
 * @param over Nobody waits any more.
 */
const nextRestart = (
  draft: RunningDraft | undefined,
  changes: FileWatcher,
  reloading: ReloadOptions,
  over: AbortSignal,
): AbortSignal => {
  const restart = new AbortController();
  const look = async () => {
    while (true) {
      const either = AbortSignal.any([changes.next(), over]);
      if (!either.aborted) await once(either, "abort");
      if (over.aborted) return;
      const files = changes.changed();
      if (!draft || !areDocuments(draft.formation, files)) return restart.abort();
      await readDocuments(draft, files, reloading);
    }
  };
  void look();
  return restart.signal;
};

/** Waits for a change while nothing is running. */
const idle = async (changed: AbortSignal, signal: AbortSignal): Promise<StayResult> => {
  const either = AbortSignal.any([changed, signal]);
  if (!either.aborted) await once(either, "abort");
  return { end: "interrupted" };
};

/** Follows a draft, and restarts it whenever its files change (docs/spec/cli.md "Watching files"). */
export const stayAndReload = async (
  first: RunningDraft,
  changes: FileWatcher,
  reloading: ReloadOptions,
): Promise<StayResult> => {
  const { server, signal, ui } = reloading;
  let latest = first;
  let running = true;
  for (;;) {
    const over = new AbortController();
    const restart = nextRestart(running ? latest : undefined, changes, reloading, over.signal);
    const ended = running
      ? await stay(latest, server, AbortSignal.any([signal, restart]), ui)
      : await idle(restart, signal);
    over.abort();
    if (signal.aborted || ended.end === "stopped elsewhere" || ended.end === "server gone") return ended;
    if (ended.end === "died") {
      running = false;
      const detail = [...(ended.failure?.detail ?? []), "It will be started again after the next change"];
      complain(reloading, latest.formation.id, ended.failure?.message ?? "It has ended", detail);
      continue;
    }
    const read = await readAgain(latest, reloading);
    if (!read) continue;
    const { formation, report } = read;
    changes.follow(formation);
    const replaced = await replace(latest, formation, reloading);
    running = replaced !== undefined;
    latest = replaced ?? latest;
    if (!replaced) continue;
    const files = changes.changed();
    ui.data({
      formation_id: formation.id,
      direct_url: latest.directUrl,
      pid: latest.pid,
      changed: files,
      warnings: report.warnings,
    });
    ui.success(`Restarted ${formation.id} (${files.join(", ")})`);
  }
};
