import { createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { summarizeManifest } from "@muxi/formation";
import { openPromise } from "yauzl";
import { openSealed, type SealedFile } from "../../backup/index.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { savedFormations } from "../../files/index.ts";
import { createUi, type OutputFormat } from "../../ui/index.ts";
import { unzipInto } from "../unzip.ts";
import { readPassphrase } from "./passphrase.ts";

export interface RestoreOptions {
  /** Folder to restore into. Default: one named after the formation. */
  dir?: string;
  passphraseFile?: string;
  force: boolean;
  output: OutputFormat;
}

/** Folders beside the target: what is being unpacked, and what it replaces. */
const freshPrefix = (target: string) => join(dirname(target), `.${basename(target)}.restoring-`);
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
  const prefix = basename(freshPrefix(target));
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

/** Unpacks a backup as a whole, so that nothing was changed when a part of it turns out to be damaged. */
const unpack = async (sealed: SealedFile, passphrase: string, fresh: string): Promise<number> => {
  const archive = join(fresh, "archive.zip");
  const folder = join(fresh, "folder");
  await mkdir(folder, { mode: 0o700 });
  await pipeline(sealed.content(passphrase), createWriteStream(archive, { mode: 0o600 }));
  const zip = await openPromise(archive, { autoClose: false });
  const count = await unzipInto(folder, zip, "the backup").finally(() => zip.close());
  const { id } = (await summarizeManifest(folder)) ?? {};
  if (id !== sealed.header.formation_id) {
    throw new CliError(`The backup holds the formation '${id}', and not '${sealed.header.formation_id}'`);
  }
  return count;
};

/** `muxi restore` (docs/spec/cli.md "muxi restore"). */
export const restore = async (
  context: Context,
  file: string,
  { dir, passphraseFile, force, output }: RestoreOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const sealed = await openSealed(resolve(context.cwd, file));
  let fresh: string | undefined;
  try {
    const { formation_id: id } = sealed.header;
    const target = resolve(context.cwd, dir ?? id);
    await mkdir(dirname(target), { recursive: true });
    await finishEarlierRun(target);
    await requireFree(context, target, force);
    const passphrase = await readPassphrase(context, ui, { file: passphraseFile, isNew: false });
    const made = await mkdtemp(freshPrefix(target));
    fresh = made;
    const files = await ui.during(`Restoring ${id}...`, () => unpack(sealed, passphrase, made));
    if (existsSync(target)) await rename(target, replacedPath(target));
    await rename(join(made, "folder"), target);
    await rm(replacedPath(target), { recursive: true, force: true });
    ui.data({ formation_id: id, path: target, files });
    ui.success(`Restored ${id} (${files} files) into ${target}`);
    return 0;
  } finally {
    await sealed.close();
    if (fresh !== undefined) await rm(fresh, { recursive: true, force: true });
  }
};
