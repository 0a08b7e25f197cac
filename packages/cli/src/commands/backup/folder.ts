import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { summarizeManifest } from "@muxi/formation";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { savedFormations } from "../../files/index.ts";
import { findRunning, formationFolder } from "../../target/index.ts";

/**
 * The folder that is meant: that of a formation that was started, a folder, or that of the current folder.
 *
 * @throws CliError when there is none.
 */
export const folderToBackUp = async (context: Context, given: string | undefined): Promise<string> => {
  if (given === undefined) return formationFolder(context, undefined);
  const started = findRunning(context, await savedFormations(context), given);
  if (started) return started.path;
  const folder = resolve(context.cwd, given);
  if (existsSync(folder)) return folder;
  const here = await formationFolder(context, undefined).catch(() => undefined);
  if (here !== undefined && (await summarizeManifest(here))?.id === given) return here;
  throw new CliError(`There is no formation '${given}' on this machine`, {
    hint: "Name its folder, or run this command inside it. If it is deployed on a server, add --remote",
  });
};
