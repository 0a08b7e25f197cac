import { realpathSync } from "node:fs";
import { join } from "node:path";
import { type Formation, formatReport, type Report, resolveApiKeys } from "@muxi/formation";
import { FormationClient } from "muxi-client";
import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { forgetFormation, rememberFormation, type SavedFormation } from "../../files/index.ts";
import { formationFolder, readFormation } from "../../formation-folder.ts";
import { type LocalServer, localServer } from "../../server/index.ts";
import { createUi, type OutputFormat, type Ui } from "../../ui/index.ts";
import { describeDraft, type RunningDraft } from "./describe.ts";
import { ensureServer, type StartedDraft, startDraft, stopDraft, stopOwnServer } from "./draft.ts";
import { type End, follow } from "./follow.ts";
import { catchInterruption } from "./interruption.ts";
import { noticeOf } from "./log-line.ts";
import { createLogReader } from "./log-reader.ts";

export interface UpOptions {
  output: OutputFormat;
  port?: number;
  detach: boolean;
}

const tailLength = 10;

const showWarnings = ({ warnings }: Report, ui: Ui): void => {
  const [title, ...lines] = formatReport({ errors: [], warnings, suggestions: [] });
  if (title !== undefined) ui.warning(title, lines);
};

/** What there is to know about a draft that has just been started. */
const inspect = async (
  formation: Formation,
  server: LocalServer,
  { port, pid }: StartedDraft,
): Promise<RunningDraft> => {
  // The runtime has made them by now where the manifest names none.
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

const announce = (draft: RunningDraft, detach: boolean, ui: Ui): void => {
  ui.data({
    server_url: draft.serverUrl,
    formation_id: draft.formation.id,
    draft_url: draft.draftUrl,
    direct_url: draft.directUrl,
    client_key: draft.clientKey,
    admin_key: draft.adminKey,
    pid: draft.pid,
  });
  describeDraft(draft, detach, ui);
};

/** Shows what the draft reports until it ends or the user wants it to end. */
const watch = async (
  draft: RunningDraft,
  server: LocalServer,
  signal: AbortSignal,
  ui: Ui,
): Promise<{ end: End; failure?: CliError }> => {
  const { id } = draft.formation;
  const logFile = (stream: "out" | "err") => join(server.directories.logs, `${id}-draft-${stream}.log`);
  const errorOutput: string[] = [];
  const logs = [
    createLogReader(logFile("out"), (line) => {
      const notice = noticeOf(line);
      if (notice?.level === "warning") ui.warning(notice.message, notice.detail);
      if (notice?.level === "error") ui.problem(notice.message, notice.detail);
    }),
    createLogReader(logFile("err"), (line) => {
      errorOutput.push(line);
      if (errorOutput.length > tailLength) errorOutput.shift();
    }),
  ];
  const { serverUrl, draftUrl, pid } = draft;
  const end = await follow({ serverUrl, draftUrl, pid, logs, signal });
  if (end === "died") {
    const detail = errorOutput.length > 0 ? errorOutput : ["It printed no error"];
    const hint = `Its log: ${logFile("out")}`;
    return { end, failure: new CliError(`Formation '${id}' has ended by itself`, { detail, hint }) };
  }
  if (end === "server gone") {
    const detail = [`Formation '${id}' has stopped with it`];
    return { end, failure: new CliError("The server has stopped", { detail, hint: "Run: muxi up" }) };
  }
  return { end };
};

const run = async (
  context: Context,
  given: string | undefined,
  { output, port, detach }: UpOptions,
  signal: AbortSignal,
): Promise<number> => {
  const ui = createUi(context, output);
  const { formation, report } = await readFormation(context, await formationFolder(context, given));
  showWarnings(report, ui);
  const { id } = formation;
  const server = await localServer(context, port);

  const serverPid = await ensureServer(context, server, ui);
  let isOurs = false;
  let saved: SavedFormation | undefined;
  const cleanUp = async () => {
    if (isOurs) await stopDraft(server, id);
    if (saved) await forgetFormation(context, saved);
    await stopOwnServer(server, serverPid);
  };
  try {
    signal.throwIfAborted();
    const started = await ui.during(`Starting ${id}...`, () => startDraft(server, formation));
    isOurs = true;
    signal.throwIfAborted();
    const draft = await inspect(formation, server, started);
    saved = savedForm(draft);
    await rememberFormation(context, saved);
    announce(draft, detach, ui);
    if (detach) return 0;
    const { end, failure } = await watch(draft, server, signal, ui);
    // By now another run may have taken its place.
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
 * `muxi up` (contract/cli.md 7): runs a formation folder as a draft, and stays until it is told to stop. Whatever
 * it has started ends with it, except with `--detach`.
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
