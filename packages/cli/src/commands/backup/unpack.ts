import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { summarizeManifest } from "@muxi/formation";
import { rowsFile } from "@muxi/server";
import { openPromise } from "yauzl";
import type { SealedFile } from "../../backup/index.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { withTemporaryFolder } from "../../base/temporary.ts";
import type { Ui } from "../../ui/index.ts";
import { unzipInto } from "../unzip.ts";
import { readPassphrase } from "./passphrase.ts";

/** A backup, unpacked. */
export interface Unpacked {
  /** The folder of the formation. */
  folder: string;
  files: number;
  /** What the formation had in Postgres, as a file beside the folder; undefined when it stores elsewhere. */
  rows: string | undefined;
}

const unpack = async (sealed: SealedFile, passphrase: string, work: string): Promise<Unpacked> => {
  const archive = join(work, "archive.zip");
  const folder = join(work, "folder");
  await mkdir(folder, { mode: 0o700 });
  await pipeline(sealed.content(passphrase), createWriteStream(archive, { mode: 0o600 }));
  const zip = await openPromise(archive, { autoClose: false });
  const files = await unzipInto(folder, zip, "the backup").finally(() => zip.close());
  const { id } = (await summarizeManifest(folder)) ?? {};
  if (id !== sealed.header.formation_id) {
    throw new CliError(`The backup holds the formation '${id}', and not '${sealed.header.formation_id}'`);
  }
  const packed = join(folder, rowsFile);
  if (!existsSync(packed)) return { folder, files, rows: undefined };
  const rows = join(work, "rows");
  await rename(packed, rows);
  return { folder, files: files - 1, rows };
};

/**
 * Asks for the passphrase, unpacks a backup as a whole, so that nothing was changed when a part of it turns out to be
 * damaged, and gives it to `use`.
 *
 * @param options.at As of `withTemporaryFolder`.
 */
export const withUnpacked = async (
  context: Context,
  ui: Ui,
  sealed: SealedFile,
  { passphraseFile, at }: { passphraseFile: string | undefined; at?: string },
  use: (unpacked: Unpacked, work: string) => Promise<void>,
): Promise<void> => {
  const passphrase = await readPassphrase(context, ui, { file: passphraseFile, isNew: false });
  const { formation_id: id } = sealed.header;
  await withTemporaryFolder(
    async (work) => use(await ui.during(`Unpacking ${id}...`, () => unpack(sealed, passphrase, work)), work),
    at,
  );
};
