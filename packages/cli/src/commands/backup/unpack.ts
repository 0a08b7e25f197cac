import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { summarizeManifest } from "@muxi/formation";
import { openPromise } from "yauzl";
import type { SealedFile } from "../../backup/index.ts";
import { CliError } from "../../base/errors.ts";
import { unzipInto } from "../unzip.ts";

/** Unpacks a backup as a whole, so that nothing was changed when a part of it turns out to be damaged. */
export const unpack = async (
  sealed: SealedFile,
  passphrase: string,
  fresh: string,
): Promise<{ folder: string; files: number }> => {
  const archive = join(fresh, "archive.zip");
  const folder = join(fresh, "folder");
  await mkdir(folder, { mode: 0o700 });
  await pipeline(sealed.content(passphrase), createWriteStream(archive, { mode: 0o600 }));
  const zip = await openPromise(archive, { autoClose: false });
  const files = await unzipInto(folder, zip, "the backup").finally(() => zip.close());
  const { id } = (await summarizeManifest(folder)) ?? {};
  if (id !== sealed.header.formation_id) {
    throw new CliError(`The backup holds the formation '${id}', and not '${sealed.header.formation_id}'`);
  }
  return { folder, files };
};
