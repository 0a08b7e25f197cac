import { summarizeManifest } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { formationFolder } from "./formation-folder.ts";

/**
 * The id of the formation that a command acts on: the given one, or that of the current folder, whether or not its
 * files are valid.
 *
 * @throws CliError when there is none.
 */
export const formationId = async (context: Context, given: string | undefined): Promise<string> => {
  if (given !== undefined) return given;
  const folder = await formationFolder(context, undefined);
  const id = (await summarizeManifest(folder))?.id;
  if (id !== undefined) return id;
  throw new CliError("The formation in this folder has no id", {
    detail: [folder],
    hint: "Give an id, or run: muxi validate",
  });
};
