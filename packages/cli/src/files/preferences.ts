import { join } from "node:path";
import * as z from "zod";
import type { Context } from "../context.ts";
import type { SavedFormation } from "./saved-formations.ts";
import { cliFile, readYaml } from "./yaml-file.ts";

const preferencesSchema = z.object({ user_id: z.string().min(1).optional() });

/** Who talks to a draft when the command line does not say. */
const draftUser = "tester";

/** The user of a chat with a draft, by the order of contract/cli.md 2.4. */
export const userIdFor = async (
  context: Context,
  formation: SavedFormation,
  fromCommandLine: string | undefined,
): Promise<string> =>
  fromCommandLine ??
  (await readYaml(join(formation.path, ".muxi"), preferencesSchema))?.user_id ??
  formation.user_id ??
  (await readYaml(cliFile(context, "defaults.yaml"), preferencesSchema))?.user_id ??
  draftUser;
