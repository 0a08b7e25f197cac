import { join } from "node:path";
import * as z from "zod";
import type { Context } from "../base/context.ts";
import type { SavedFormation } from "./saved-formations.ts";
import { cliFile, readYaml, writeYaml } from "./yaml-file.ts";

const preferencesSchema = z.looseObject({
  profile: z.string().min(1).optional(),
  user_id: z.string().min(1).optional(),
});

/** The user's choices: in `.muxi` for one formation, or in `defaults.yaml` for all. */
export type Preferences = z.infer<typeof preferencesSchema>;

const formationFile = (folder: string): string => join(folder, ".muxi");
const defaultsFile = (context: Context): string => cliFile(context, "defaults.yaml");

/** The choices for one formation. */
export const formationPreferences = async (folder: string): Promise<Preferences> =>
  (await readYaml(formationFile(folder), preferencesSchema)) ?? {};

export const changeFormationPreferences = async (folder: string, change: Preferences): Promise<void> =>
  writeYaml(formationFile(folder), { ...(await formationPreferences(folder)), ...change });

export const setDefaultUser = async (context: Context, userId: string): Promise<void> =>
  writeYaml(defaultsFile(context), {
    ...(await readYaml(defaultsFile(context), preferencesSchema)),
    version: "1.0",
    user_id: userId,
  });

/** The user for all formations whose own choice names none. */
export const defaultUser = async (context: Context): Promise<string | undefined> =>
  (await readYaml(defaultsFile(context), preferencesSchema))?.user_id;

/** Everybody who gave no id (docs/spec/formation-api.md "Users"): whoever calls the formation without one is the same. */
const nobody = "0";

/** The formation that is called. */
export interface CalledFormation {
  /** Its folder, if it is on this machine. */
  folder: string | undefined;
  saved?: Pick<SavedFormation, "user_id">;
}

/** The user of a call, in the order of docs/spec/cli.md "Which user". */
export const userIdFor = async (
  context: Context,
  { folder, saved }: CalledFormation,
  fromCommandLine: string | undefined,
): Promise<string> =>
  fromCommandLine ??
  (folder === undefined ? undefined : (await formationPreferences(folder)).user_id) ??
  saved?.user_id ??
  (await defaultUser(context)) ??
  nobody;
