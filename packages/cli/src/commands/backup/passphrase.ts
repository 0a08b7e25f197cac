import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { ask } from "../../prompts/index.ts";
import type { Ui } from "../../ui/index.ts";

const leastCharacters = 8;
const flag = "--passphrase-file <path> or MUXI_BACKUP_PASSPHRASE";

const given = async ({ cwd, env }: Context, file: string | undefined): Promise<string | undefined> => {
  if (file === undefined) return env.MUXI_BACKUP_PASSPHRASE || undefined;
  const path = resolve(cwd, file);
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new CliError(`The passphrase cannot be read: ${path}`, { detail: [error.message], cause: error });
  });
  // A line break at the end comes from an editor or `echo`.
  return text.replace(/\r?\n$/, "");
};

const asked = async (ui: Ui, isNew: boolean): Promise<string> => {
  const first = await ask(ui, { message: "Passphrase of the backup", secret: true, flag });
  const again = isNew ? await ask(ui, { message: "The passphrase again", secret: true, flag }) : first;
  if (first === undefined || again === undefined) throw new CliError("No passphrase was given");
  if (first !== again) throw new CliError("The two passphrases differ");
  return first;
};

/**
 * The passphrase of a backup: from a file, the environment, or else a question. It is no option, since other users see
 * those in the list of processes.
 *
 * @throws CliError when there is none, or a new one is too short.
 */
export const readPassphrase = async (
  context: Context,
  ui: Ui,
  { file, isNew }: { file: string | undefined; isNew: boolean },
): Promise<string> => {
  const passphrase = (await given(context, file)) ?? (await asked(ui, isNew));
  if (passphrase === "" || (isNew && passphrase.length < leastCharacters)) {
    throw new CliError(`The passphrase needs at least ${leastCharacters} characters`);
  }
  return passphrase;
};
