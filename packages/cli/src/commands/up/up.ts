import { realpathSync } from "node:fs";
import { type Formation, type Report, resolveApiKeys } from "@muxi/formation";
import { FormationClient } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { catchInterruption } from "../../base/interruption.ts";
import { forgetFormation, rememberFormation, type SavedFormation } from "../../files/index.ts";
import { checkFor, type LocalServer, localServer } from "../../server/index.ts";
import { formationFolder, readFormation } from "../../target/index.ts";
import { createUi, type OutputFormat, showWarnings, type Ui, warnOfProblems } from "../../ui/index.ts";
import { describeDraft, type RunningDraft } from "./describe.ts";
import { ensureServer, type StartedDraft, startDraft, stopDraft, stopOwnServer } from "./draft.ts";
import { stayAndReload } from "./reload.ts";
import { stay } from "./stay.ts";

export interface UpOptions {
  output: OutputFormat;
  port?: number;
  detach: boolean;
  /** Restarts it when its files change. */
  watch: boolean;
  /** Whether MCP servers must list their tools; models are checked in any case. */
  check: boolean;
  /** Starts it whatever the check finds, and shows it. */
  force: boolean;
}

/** Collects what there is to know about a draft that has just been started. */
const inspect = async (
  formation: Formation,
  server: LocalServer,
  { port, pid }: StartedDraft,
): Promise<RunningDraft> => {
  // If the manifest does not set them, the runtime has generated them by now.
  const { clientKey, adminKey } = await resolveApiKeys(formation);
  const directUrl = `http://127.0.0.1:${port}`;
  return {
    formation,
    agents: await new FormationClient({ url: directUrl, adminKey }).getAgents(),
    serverUrl: server.url,
    draftUrl: `${server.url}/draft/${formation.id}`,
    directUrl,
    clientKey,
    adminKey,
    pid,
  };
};

const savedForm = (draft: RunningDraft): SavedFormation => ({
  id: draft.formation.id,
  server_url: draft.serverUrl,
  path: realpathSync(draft.formation.dir),
  client_key: draft.clientKey,
  admin_key: draft.adminKey,
  started_at: new Date().toISOString(),
});

const announce = (
  draft: RunningDraft,
  { warnings }: Report,
  problems: StartedDraft["problems"],
  detach: boolean,
  ui: Ui,
): void => {
  ui.data({
    server_url: draft.serverUrl,
    formation_id: draft.formation.id,
    draft_url: draft.draftUrl,
    direct_url: draft.directUrl,
    client_key: draft.clientKey,
    admin_key: draft.adminKey,
    pid: draft.pid,
    warnings,
    problems,
  });
  describeDraft(draft, detach, ui);
  warnOfProblems(ui, problems);
};

const run = async (
  context: Context,
  given: string | undefined,
  { output, port, detach, watch, ...options }: UpOptions,
  signal: AbortSignal,
): Promise<number> => {
  const ui = createUi(context, output);
  const { formation, report } = await readFormation(context, await formationFolder(context, given));
  showWarnings(report, ui);
  const { id } = formation;
  const check = checkFor(options);
  const server = await localServer(context, port);

  const serverPid = await ensureServer(context, server, ui);
  let isOurs = false;
  let saved: SavedFormation | undefined;
  // Before the start, so that no change is missed. Loaded here, because few commands need it.
  const changes = watch && (await (await import("./changes.ts")).watchChanges(formation));
  const cleanUp = async () => {
    if (changes) await changes.close();
    if (isOurs) await stopDraft(server, id);
    if (saved) await forgetFormation(context, saved);
    await stopOwnServer(server, serverPid);
  };
  try {
    signal.throwIfAborted();
    const started = await ui.during(`Starting ${id}...`, () => startDraft(context, server, formation, check));
    isOurs = true;
    signal.throwIfAborted();
    const draft = await inspect(formation, server, started);
    saved = savedForm(draft);
    await rememberFormation(context, saved);
    announce(draft, report, started.problems, detach, ui);
    if (detach) return 0;
    if (changes) ui.line("  Watching its files: a change restarts it, one of documents is read by it");
    const { end, failure } = changes
      ? await stayAndReload(draft, changes, {
          ...{ server, check },
          env: context.env,
          signal,
          ui,
          inspect: async (changed, again) => {
            const replaced = await inspect(changed, server, again);
            saved = savedForm(replaced);
            await rememberFormation(context, saved);
            return replaced;
          },
        })
      : await stay(draft, server, signal, ui);
    // It may have been started again by now.
    if (end === "stopped elsewhere") isOurs = false;
    if (failure) throw failure;
  } catch (error) {
    await cleanUp();
    throw signal.aborted ? new CliError(`Starting ${id} was interrupted`, { exitCode: 130 }) : error;
  }
  await ui.during(`Stopping ${id}...`, cleanUp);
  ui.success(`Stopped ${id}`);
  return 0;
};

/**
 * `muxi up` (docs/spec/cli.md "muxi up"): runs a formation folder as a draft until it is told to stop. Everything
 * that it started is stopped with it, except with `--detach`.
 */
export const up = async (
  context: Context,
  given: string | undefined,
  options: UpOptions,
): Promise<number> => {
  const { signal, release } = catchInterruption();
  try {
    return await run(context, given, options, signal);
  } finally {
    release();
  }
};
