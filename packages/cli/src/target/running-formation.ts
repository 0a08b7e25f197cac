import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { findFormationDir } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { type SavedFormation, savedFormations } from "../files/index.ts";

const upHint = "Run: muxi up";

const listing = (started: readonly SavedFormation[]): string =>
  started.length === 0 ? "No formation is running" : `Running: ${started.map(({ id }) => id).join(", ")}`;

/** The started formation with this id or in this folder. */
export const findRunning = (
  { cwd }: Context,
  started: readonly SavedFormation[],
  idOrFolder: string,
): SavedFormation | undefined => {
  const folder = resolve(cwd, idOrFolder);
  const path = existsSync(folder) ? realpathSync(folder) : folder;
  return started.find((formation) => formation.id === idOrFolder) ?? started.find((one) => one.path === path);
};

/** The error for a formation that is neither started here nor deployed. */
export const notRunning = (
  started: readonly SavedFormation[],
  named: string | undefined,
  folder: string | undefined,
): CliError => {
  if (named !== undefined) {
    return new CliError(`Formation '${named}' is not running`, { detail: [listing(started)], hint: upHint });
  }
  if (folder === undefined) return new CliError(listing(started), { hint: `${upHint} <folder>` });
  return new CliError("The formation in this folder is not running", {
    detail: [folder, listing(started)],
    hint: upHint,
  });
};

/**
 * The started formation to use (docs/spec/cli.md "Which formation"): the named one, or that of the current folder, or
 * the one started last.
 *
 * @throws CliError when it was not started.
 */
export const runningFormation = async (
  context: Context,
  idOrFolder: string | undefined,
): Promise<SavedFormation> => {
  const started = await savedFormations(context);
  if (idOrFolder !== undefined) {
    const named = findRunning(context, started, idOrFolder);
    if (named) return named;
    throw notRunning(started, idOrFolder, undefined);
  }
  const folder = await findFormationDir(context.cwd, { home: context.home });
  if (folder !== undefined) {
    const here = findRunning(context, started, folder);
    if (here) return here;
    throw notRunning(started, undefined, folder);
  }
  const [latest] = started;
  if (latest) return latest;
  throw notRunning(started, undefined, undefined);
};
