import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { findFormationDir, summarizeManifest } from "@muxi/formation";
import { unzip } from "fflate";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { agree } from "../prompts/index.ts";
import { chosenServer, explainChosenError } from "../server/index.ts";
import { formationId } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

export interface DownloadOptions {
  output: OutputFormat;
  profile?: string;
  force: boolean;
  includeDb: boolean;
}

const mostBytes = 2 * 1024 ** 3;

const unzipBounded = (archive: Uint8Array): Promise<Record<string, Uint8Array>> =>
  new Promise((resolve, reject) => {
    let bytes = 0;
    const filter = ({ originalSize }: { originalSize: number }): boolean => {
      bytes += originalSize;
      return bytes <= mostBytes;
    };
    unzip(archive, { filter }, (error, files) => {
      if (error) reject(new CliError("The server sent no zip archive", { detail: [error.message] }));
      else if (bytes > mostBytes) reject(new CliError("The formation is larger than 2 GB unpacked"));
      else resolve(files);
    });
  });

/** Writes the files of an archive into a folder and none beside it. Gives their number. */
const writeInto = async (folder: string, files: Record<string, Uint8Array>): Promise<number> => {
  const entries = Object.entries(files).filter(([name]) => !name.endsWith("/"));
  for (const [name, bytes] of entries) {
    const path = resolve(folder, name);
    if (!path.startsWith(folder + sep)) {
      throw new CliError("The archive of the server cannot be trusted", {
        detail: [`It holds a file outside its folder: ${name}`],
      });
    }
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return entries.length;
};

/** What a server never sends, and what belongs to this folder alone (docs/spec/cli.md "muxi download"). */
const isKept = (name: string, includeDb: boolean): boolean =>
  name.startsWith(".") ||
  name === "node_modules" ||
  name === "secrets" ||
  (!includeDb && /^memory\.db(-wal|-shm)?$/.test(name));

/** Puts the new files in the place of the old ones; what is kept stays. */
const replaceFiles = async (folder: string, fresh: string, includeDb: boolean): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (!isKept(name, includeDb)) await rm(join(folder, name), { recursive: true });
  }
  for (const name of await readdir(fresh)) await rename(join(fresh, name), join(folder, name));
};

/**
 * `muxi download` (docs/spec/cli.md "muxi download"): into `./<id>/`, or, inside this formation's folder, in place of
 * its files.
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
    throw new CliError(`${relative(context.cwd, folder)} exists already`, {
      hint: "Remove it, or run this inside it to replace its files",
    });
  }
  if (isThis && !force && !(await agree(ui, `Replace the files of ${folder}?`, "--force"))) {
    ui.line("Cancelled.");
    return 0;
  }
  const archive = await ui
    .during(`Fetching ${id}...`, () => server.client.downloadFormation({ formationId: id, includeDb }))
    .catch((error: unknown) => {
      throw explainChosenError(error, server, `Formation '${id}' was not downloaded`);
    });
  const files = await unzipBounded(archive);
  await mkdir(folder, { recursive: true });
  // Unpacked beside it first: an archive that cannot be used takes nothing away.
  const fresh = await mkdtemp(join(folder, ".download-"));
  try {
    const count = await writeInto(fresh, files);
    await replaceFiles(folder, fresh, includeDb);
    ui.data({ formation_id: id, path: folder, files: count });
    ui.success(`Downloaded ${id} (${count} files) into ${relative(context.cwd, folder) || "this folder"}`);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return 0;
};
