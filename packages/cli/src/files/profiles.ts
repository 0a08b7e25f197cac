import * as z from "zod";
import type { Context } from "../base/context.ts";
import { cliFile, readYaml, writeYaml } from "./yaml-file.ts";

const profileSchema = z.object({
  url: z.string(),
  key_id: z.string(),
  secret_key: z.string(),
  added_at: z.string(),
});

const fileSchema = z.object({
  version: z.literal("1.0"),
  default_profile: z.string().optional(),
  profiles: z.record(z.string(), profileSchema).default({}),
});

/** A named server, with the credentials to manage it. */
export type Profile = z.infer<typeof profileSchema> & { name: string };

export interface Profiles {
  /** Sorted by name. */
  list: Profile[];
  defaultName: string | undefined;
}

const fileOf = (context: Context): string => cliFile(context, "profiles.yaml");

const read = async (context: Context): Promise<z.infer<typeof fileSchema>> =>
  (await readYaml(fileOf(context), fileSchema)) ?? { version: "1.0", profiles: {} };

export const readProfiles = async (context: Context): Promise<Profiles> => {
  const { profiles, default_profile: defaultName } = await read(context);
  const list = Object.entries(profiles)
    .map(([name, profile]) => ({ name, ...profile }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  return { list, defaultName };
};

/** Adds a profile; the first one becomes the default. */
export const saveProfile = async (context: Context, { name, ...profile }: Profile): Promise<void> => {
  const file = await read(context);
  file.profiles[name] = profile;
  file.default_profile ??= name;
  await writeYaml(fileOf(context), file);
};

export const removeProfile = async (context: Context, name: string): Promise<void> => {
  const file = await read(context);
  delete file.profiles[name];
  if (file.default_profile === name) delete file.default_profile;
  await writeYaml(fileOf(context), file);
};

export const setDefaultProfile = async (context: Context, name: string): Promise<void> => {
  await writeYaml(fileOf(context), { ...(await read(context)), default_profile: name });
};
