import { findFormationDir } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import {
  changeFormationPreferences,
  defaultUser,
  formationPreferences,
  setDefaultUser,
} from "../files/index.ts";
import { profileNamed } from "../server/index.ts";
import { formationFolder } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

/** `muxi set profile|user`: stored in `.muxi` of the current folder's formation (docs/spec/cli.md "muxi set"). */
export const setForFormation = async (
  context: Context,
  setting: "profile" | "user",
  value: string,
  { output }: { output: OutputFormat },
): Promise<number> => {
  const ui = createUi(context, output);
  const folder = await formationFolder(context, undefined);
  if (setting === "profile") await profileNamed(context, value);
  await changeFormationPreferences(folder, { [setting === "user" ? "user_id" : setting]: value });
  ui.data({ setting, value, folder });
  ui.success(`Set this formation's ${setting} to ${value}`);
  return 0;
};

/** `muxi set default user` */
export const setDefaultUserId = async (
  context: Context,
  userId: string,
  { output }: { output: OutputFormat },
): Promise<number> => {
  const ui = createUi(context, output);
  await setDefaultUser(context, userId);
  ui.data({ user_id: userId });
  ui.success(`You now talk to formations as ${userId}`);
  return 0;
};

/** `muxi user show`: whom commands speak for unless they name a user. */
export const showUser = async (context: Context, { output }: { output: OutputFormat }): Promise<number> => {
  const ui = createUi(context, output);
  const folder = await findFormationDir(context.cwd, { home: context.home });
  const byDefault = await defaultUser(context);
  const here = folder === undefined ? undefined : (await formationPreferences(folder)).user_id;
  ui.data({ default: byDefault ?? null, formation: here ?? null });
  ui.fields({ Default: byDefault ?? "not set", ...(here !== undefined && { Formation: here }) });
  return 0;
};
