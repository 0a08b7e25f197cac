import { join } from "node:path";
import { type Bundle, FormationError, formatReport, packFormation } from "@muxi/formation";
import type { SealedFile } from "../../backup/index.ts";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { catchInterruption } from "../../base/interruption.ts";
import { chosenServer, deployedNow } from "../../server/index.ts";
import { type Ui, warnOfPlainHttp, warnOfProblems } from "../../ui/index.ts";
import { upload } from "../deploy/index.ts";
import { withUnpacked } from "./unpack.ts";

export interface ServerRestoreOptions {
  /** The server. Default: the usual one. */
  profile?: string;
  passphraseFile?: string;
  /** Replaces a formation that is deployed. */
  force: boolean;
}

/** A bundle of all that the backup holds. */
const pack = (folder: string, id: string, target: string): Promise<Bundle> =>
  packFormation(folder, { target, whole: true }).catch((error: unknown) => {
    if (!(error instanceof FormationError)) throw error;
    throw new CliError(`The formation '${id}' of the backup cannot run on a server`, {
      detail: formatReport({ ...error.report, suggestions: [] }).slice(1),
      hint: "Restore it into a folder, mend it, and run: muxi deploy",
      cause: error,
    });
  });

/** A rollback could not undo it: the releases of a formation share its rows. */
const inPostgres = (id: string): CliError =>
  new CliError(`The formation '${id}' of the backup has its data in Postgres, which no release replaces`, {
    detail: ["Nothing was changed"],
    hint: `Run: muxi remote stop ${id}, muxi restore into a folder, which fills the database, and muxi remote start ${id}; or deploy that folder`,
  });

/**
 * Makes a deployed formation what the backup holds (docs/spec/cli.md "muxi restore"). The server commits it at once or
 * not at all, and keeps what was there as the previous release.
 */
export const restoreOnServer = async (
  context: Context,
  ui: Ui,
  sealed: SealedFile,
  { profile, passphraseFile, force }: ServerRestoreOptions,
): Promise<void> => {
  const { formation_id: id } = sealed.header;
  const server = await chosenServer(context, profile);
  const isUpdate = (await deployedNow(server, id, `Formation '${id}' was not restored`)) !== undefined;
  if (isUpdate && !force) {
    throw new CliError(`Formation '${id}' is already deployed on ${server.name}`, {
      hint: "Replace it, with all that it has learned since, with --force",
    });
  }
  const { signal, release } = catchInterruption();
  await withUnpacked(context, ui, sealed, { passphraseFile }, async ({ folder, files, rows }, work) => {
    if (rows !== undefined) throw inPostgres(id);
    const bundlePath = join(work, `${id}.tar.gz`);
    const bundle = await pack(folder, id, bundlePath);
    warnOfPlainHttp(ui, server.url, "The backup contains secrets");
    const { problems } = await upload(ui, {
      ...{ server, bundle, bundlePath, isUpdate, stream: true, signal },
      // What ran there may run again, also when a tool of it is away at the moment.
      check: "report",
      takes: "all",
    });
    ui.data({ formation_id: id, url: `${server.url}/api/${id}`, files });
    ui.success(`Restored ${id} (${files} files) on ${server.name}`);
    if (isUpdate) ui.line(`  What it replaces comes back with: muxi remote rollback ${id}`);
    warnOfProblems(ui, problems);
  }).finally(release);
};
