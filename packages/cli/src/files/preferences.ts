import { join } from "node:path";
import * as z from "zod";
import type { Context } from "../context.ts";
import type { SavedFormation } from "./saved-formations.ts";
import { cliFile, readYaml, writeYaml } from "./yaml-file.ts";

const preferencesSchema = z.looseObject({
  profile: z.string().min(1).optional(),
  registry: z.string().min(1).optional(),
  user_id: z.string().min(1).optional(),
});

/** What a user has chosen: in `.muxi` of a formation, or in `defaults.yaml` for all of them. */
export type Preferences = z.infer<typeof preferencesSchema>;

const formationFile = (folder: string): string => join(folder, ".muxi");
const defaultsFile = (context: Context): string => cliFile(context, "defaults.yaml");

/** The choices for one formation folder. */
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

/** Who talks to a draft when the command line does not say. */
const draftUser = "tester";

/** The user of a chat with a draft, by the order of contract/cli.md 2.4. */
export const userIdFor = async (
  context: Context,
  formation: SavedFormation,
  fromCommandLine: string | undefined,
): Promise<string> =>
  fromCommandLine ??
  (await formationPreferences(formation.path)).user_id ??
  formation.user_id ??
  (await readYaml(defaultsFile(context), preferencesSchema))?.user_id ??
  draftUser;
