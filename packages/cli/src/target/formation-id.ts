import { summarizeManifest } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { formationFolder } from "./formation-folder.ts";

/**
 * The formation that a command of a server acts on: the one named, else the one of the current folder, whether or
 * not its files are in order.
 *
 * @throws CliError when there is none.
 */
export const formationId = async (context: Context, given: string | undefined): Promise<string> => {
  if (given !== undefined) return given;
  const folder = await formationFolder(context, undefined);
  const id = (await summarizeManifest(folder))?.id;
  if (id !== undefined) return id;
  throw new CliError("The formation of this folder has no id", {
    detail: [folder],
    hint: "Name one, or run: muxi validate",
  });
};
