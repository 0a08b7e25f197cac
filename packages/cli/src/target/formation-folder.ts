import { resolve } from "node:path";
import { type Formation, findFormationDir, formatReport, loadFormation, type Report } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";

/**
 * The formation folder to use: the given one, or the one that contains the current folder.
 *
 * @throws CliError when there is none.
 */
export const formationFolder = async ({ cwd, home }: Context, given: string | undefined): Promise<string> => {
  if (given !== undefined) return resolve(cwd, given);
  const found = await findFormationDir(cwd, { home });
  if (found !== undefined) return found;
  throw new CliError("Not in a formation directory", {
    detail: [`Neither ${cwd} nor a folder above it contains a formation.afs`],
    hint: "Name a formation folder, or create one: muxi new formation",
  });
};

/**
 * Reads and validates a formation folder.
 *
 * @throws CliError with everything that is wrong with it.
 */
export const readFormation = async (
  { env }: Context,
  folder: string,
): Promise<{ formation: Formation; report: Report }> => {
  const { formation, report } = await loadFormation(folder, { env });
  if (formation) return { formation, report };
  throw new CliError("The formation cannot be run", {
    detail: formatReport({ ...report, suggestions: [] }),
    hint: `Fix this, then check with: muxi validate ${folder}`,
  });
};
