import { existsSync } from "node:fs";
import { mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { loadRows } from "@muxi/server";
import { openSealed, type SealedFile } from "../../backup/index.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { savedFormations } from "../../files/index.ts";
import { createUi, type OutputFormat, type Ui } from "../../ui/index.ts";
import { restoreOnServer, type ServerRestoreOptions } from "./restore-on-server.ts";
import { withUnpacked } from "./unpack.ts";

export interface RestoreOptions extends ServerRestoreOptions {
  /** Folder to restore into. Default: one named after the formation. */
  dir?: string;
  /** Onto a server, and not into a folder here; a profile implies it. */
  remote: boolean;
  output: OutputFormat;
}

/** Folders beside the target: what is being unpacked, and what it replaces. */
const freshPlace = (target: string) => join(dirname(target), `.${basename(target)}.restoring`);
const replacedPath = (target: string) => join(dirname(target), `.${basename(target)}.replaced`);

/**
 * Two renames exchange the folders. Whoever is killed between them finds the old one under another name: the next run
 * puts it back.
 */
const finishEarlierRun = async (target: string): Promise<void> => {
  const replaced = replacedPath(target);
  if (existsSync(replaced)) {
    if (existsSync(target)) await rm(replaced, { recursive: true });
    else await rename(replaced, target);
  }
  const prefix = `${basename(freshPlace(target))}-`;
  for (const name of await readdir(dirname(target))) {
    if (name.startsWith(prefix)) await rm(join(dirname(target), name), { recursive: true });
  }
};

const requireFree = async (context: Context, target: string, force: boolean): Promise<void> => {
  if (!existsSync(target)) return;
  if ((await readdir(target)).length > 0 && !force) {
    throw new CliError(`${target} already exists`, {
      hint: "Restore into another folder with --dir, or replace it with --force",
    });
  }
  const real = await realpath(target);
  const started = (await savedFormations(context)).find(({ path }) => path === real);
  if (started) {
    throw new CliError(`Formation '${started.id}' runs in ${target}`, {
      hint: `Stop it first: muxi down ${started.id}`,
    });
  }
};

const restoreFolder = async (
  context: Context,
  ui: Ui,
  sealed: SealedFile,
  { dir, passphraseFile, force }: RestoreOptions,
): Promise<void> => {
  const { formation_id: id } = sealed.header;
  const target = resolve(context.cwd, dir ?? id);
  await mkdir(dirname(target), { recursive: true });
  await finishEarlierRun(target);
  await requireFree(context, target, force);
  const unpacking = { passphraseFile, at: freshPlace(target) };
  await withUnpacked(context, ui, sealed, unpacking, async ({ folder, files, rows }) => {
    // First what may be refused. Whoever is killed from here on restores once more.
    if (rows !== undefined) await ui.during("Restoring its rows...", () => loadRows(folder, rows, force));
    if (existsSync(target)) await rename(target, replacedPath(target));
    await rename(folder, target);
    await rm(replacedPath(target), { recursive: true, force: true });
    ui.data({ formation_id: id, path: target, files });
    ui.success(`Restored ${id} (${files} files) into ${target}`);
  });
};

/** `muxi restore` (docs/spec/cli.md "muxi restore"). */
export const restore = async (context: Context, file: string, options: RestoreOptions): Promise<number> => {
  const { remote, profile, dir, output } = options;
  const isRemote = remote || profile !== undefined;
  if (isRemote && dir !== undefined) {
    throw new CliError("--dir names a folder here, and --remote and --profile mean a server", {
      hint: "Leave one of them out",
    });
  }
  const ui = createUi(context, output);
  const sealed = await openSealed(resolve(context.cwd, file));
  try {
    await (isRemote ? restoreOnServer : restoreFolder)(context, ui, sealed, options);
  } finally {
    await sealed.close();
  }
  return 0;
};
