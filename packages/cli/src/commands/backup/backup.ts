import { createWriteStream, existsSync } from "node:fs";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { wholeArchive } from "@muxi/server";
import { newHeader, seal } from "../../backup/index.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { readFormation } from "../../target/index.ts";
import { createUi, type OutputFormat, size } from "../../ui/index.ts";
import { folderToBackUp } from "./folder.ts";
import { readPassphrase } from "./passphrase.ts";

export interface BackupOptions {
  /** File to write. */
  out: string;
  passphraseFile?: string;
  force: boolean;
  output: OutputFormat;
}

/** Writes next to the target first: a backup that broke off never looks like one. */
const writeWhole = async (target: string, chunks: AsyncIterable<Buffer>): Promise<void> => {
  const part = `${target}.part`;
  try {
    await pipeline(chunks, createWriteStream(part, { mode: 0o600, flush: true }));
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
};

/** `muxi backup` (docs/spec/cli.md "muxi backup"). */
export const backup = async (
  context: Context,
  given: string | undefined,
  { out, passphraseFile, force, output }: BackupOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const target = resolve(context.cwd, out);
  if (!force && existsSync(target)) {
    throw new CliError(`${target} already exists`, { hint: "Choose another name, or use --force" });
  }
  const { formation } = await readFormation(context, await folderToBackUp(context, given));
  const passphrase = await readPassphrase(context, ui, { file: passphraseFile, isNew: true });
  const work = await mkdtemp(join(tmpdir(), "muxi-backup-"));
  try {
    await ui.during(`Backing up ${formation.id}...`, async () => {
      const whole: Readable = await wholeArchive({ formation, copyTo: join(work, "memory.db") });
      const header = newHeader({ formation_id: formation.id, origin: "draft" });
      await writeWhole(target, seal(whole, header, passphrase));
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const bytes = (await stat(target)).size;
  ui.data({ formation_id: formation.id, path: target, bytes });
  ui.success(`Backed up ${formation.id} to ${basename(target)} (${size(bytes)})`);
  ui.line("  Without its passphrase nobody can restore it, you neither.");
  return 0;
};
