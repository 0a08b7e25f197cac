import { createWriteStream, existsSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { wholeArchive } from "@muxi/server";
import { newHeader, seal } from "../../backup/index.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { withTemporaryFolder } from "../../base/temporary.ts";
import { chosenServer, explainDeployedError } from "../../server/index.ts";
import { formationId, readFormation } from "../../target/index.ts";
import { createUi, type OutputFormat, size, type Ui, warnOfPlainHttp } from "../../ui/index.ts";
import { folderToBackUp } from "./folder.ts";
import { readPassphrase } from "./passphrase.ts";

export interface BackupOptions {
  /** File to write. */
  out: string;
  /** The formation that is deployed on a server, and not the folder here. */
  remote: boolean;
  /** The server; implies `remote`. */
  profile?: string;
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

/** What is backed up. */
interface Subject {
  id: string;
  origin: "draft" | "deployed";
  /** Hands a zip of everything that it is to `write`. */
  read(write: (zip: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void>;
}

const ofFolder = async (context: Context, given: string | undefined): Promise<Subject> => {
  const { formation } = await readFormation(context, await folderToBackUp(context, given));
  return {
    id: formation.id,
    origin: "draft",
    async read(write) {
      await withTemporaryFolder(async (work) =>
        write(await wholeArchive({ formation, copyTo: join(work, "memory.db") })),
      );
    },
  };
};

const ofServer = async (
  context: Context,
  ui: Ui,
  given: string | undefined,
  profile: string | undefined,
): Promise<Subject> => {
  const id = await formationId(context, given);
  const server = await chosenServer(context, profile);
  const failed = (error: unknown) =>
    explainDeployedError(error, server, `Formation '${id}' was not backed up`);
  warnOfPlainHttp(ui, server.url, "The server sends secrets");
  return {
    id,
    origin: "deployed",
    async read(write) {
      const response = await server.client.backupFormation({ formationId: id }).catch((error: unknown) => {
        throw failed(error);
      });
      const { body } = response;
      if (body === null) throw new CliError(`The server '${server.name}' sent an empty backup`);
      const received = async function* () {
        try {
          yield* body;
        } catch (error) {
          const detail = [error instanceof Error ? error.message : String(error)];
          throw new CliError(`The server '${server.name}' broke off the backup`, {
            ...{ detail, hint: "Nothing was written. Try again, and see: muxi server logs", cause: error },
          });
        }
      };
      await write(received());
    },
  };
};

/** `muxi backup` (docs/spec/cli.md "muxi backup"). */
export const backup = async (
  context: Context,
  given: string | undefined,
  { out, remote, profile, passphraseFile, force, output }: BackupOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const target = resolve(context.cwd, out);
  if (!force && existsSync(target)) {
    throw new CliError(`${target} already exists`, { hint: "Choose another name, or use --force" });
  }
  const isRemote = remote || profile !== undefined;
  const { id, origin, read } = isRemote
    ? await ofServer(context, ui, given, profile)
    : await ofFolder(context, given);
  const passphrase = await readPassphrase(context, ui, { file: passphraseFile, isNew: true });
  await ui.during(`Backing up ${id}...`, () =>
    read((zip) => writeWhole(target, seal(zip, newHeader({ formation_id: id, origin }), passphrase))),
  );
  const bytes = (await stat(target)).size;
  ui.data({ formation_id: id, path: target, bytes });
  ui.success(`Backed up ${id} to ${basename(target)} (${size(bytes)})`);
  ui.line("  Without its passphrase nobody can restore it, you neither.");
  return 0;
};
