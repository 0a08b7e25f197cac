import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { findFormationDir, summarizeManifest } from "@muxi/formation";
import { fromBufferPromise, type ZipFile } from "yauzl";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { withTemporaryFolder } from "../base/temporary.ts";
import { confirmed } from "../prompts/index.ts";
import { chosenServer, explainDeployedError } from "../server/index.ts";
import { formationId } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";
import { reasonOf, unzipInto } from "./unzip.ts";

export interface DownloadOptions {
  output: OutputFormat;
  profile?: string;
  force: boolean;
  includeDb: boolean;
}

const open = (archive: Uint8Array): Promise<ZipFile> =>
  fromBufferPromise(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)).catch(
    (error: unknown) => {
      throw new CliError("The server did not send a zip archive", { detail: [reasonOf(error)] });
    },
  );

/**
 * Whether a local file is kept: what servers never send, and what belongs to this folder only (docs/spec/cli.md "muxi
 * download").
 */
const isKept = (name: string, includeDb: boolean): boolean =>
  name.startsWith(".") ||
  name === "node_modules" ||
  name === "secrets" ||
  (!includeDb && /^memory\.db(-wal|-shm)?$/.test(name));

/** Replaces the files of a folder, except for those that are kept. */
const replaceFiles = async (folder: string, fresh: string, includeDb: boolean): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (!isKept(name, includeDb)) await rm(join(folder, name), { recursive: true });
  }
  for (const name of await readdir(fresh)) await rename(join(fresh, name), join(folder, name));
};

/**
 * `muxi download` (docs/spec/cli.md "muxi download"): downloads into `./<id>/`, or, inside the formation's own
 * folder, replaces its files.
 */
export const download = async (
  context: Context,
  given: string | undefined,
  { output, profile, force, includeDb }: DownloadOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const id = await formationId(context, given);
  const server = await chosenServer(context, profile);
  const here = await findFormationDir(context.cwd, { home: context.home });
  const isThis = here !== undefined && (await summarizeManifest(here))?.id === id;
  const folder = isThis ? here : resolve(context.cwd, id);
  if (!isThis && existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new CliError(`${relative(context.cwd, folder)} already exists`, {
      hint: "Remove it, or run this command inside it to replace its files",
    });
  }
  if (isThis && !(await confirmed(ui, `Replace the files in ${folder}?`, force))) return 0;
  const archive = await ui
    .during(`Fetching ${id}...`, () => server.client.downloadFormation({ formationId: id, includeDb }))
    .catch((error: unknown) => {
      throw explainDeployedError(error, server, `Formation '${id}' was not downloaded`);
    });
  await mkdir(folder, { recursive: true });
  // Unpacked into a temporary folder first, so that an unusable archive does not destroy anything.
  const count = await withTemporaryFolder(
    async (fresh) => {
      const files = await unzipInto(fresh, await open(archive), "the server");
      await replaceFiles(folder, fresh, includeDb);
      return files;
    },
    join(folder, ".download"),
  );
  ui.data({ formation_id: id, path: folder, files: count });
  ui.success(`Downloaded ${id} (${count} files) into ${relative(context.cwd, folder) || "this folder"}`);
  return 0;
};
