import * as z from "zod";
import type { Context } from "../base/context.ts";
import { cliFile, readYaml, writeYaml } from "./yaml-file.ts";

const savedFormationSchema = z.object({
  server_url: z.string(),
  /** Absolute path of its folder. */
  path: z.string(),
  client_key: z.string(),
  admin_key: z.string(),
  user_id: z.string().optional(),
  started_at: z.string(),
});

const fileSchema = z.object({
  version: z.literal("1.0"),
  formations: z.record(z.string(), savedFormationSchema),
});

/** A formation started by `muxi up`, with its address and keys. */
export type SavedFormation = z.infer<typeof savedFormationSchema> & { id: string };

const fileOf = (context: Context): string => cliFile(context, "formations.yaml");

const read = async (context: Context): Promise<z.infer<typeof fileSchema>> =>
  (await readYaml(fileOf(context), fileSchema)) ?? { version: "1.0", formations: {} };

/** All formations that were started and not stopped, newest first. */
export const savedFormations = async (context: Context): Promise<SavedFormation[]> => {
  const { formations } = await read(context);
  return Object.entries(formations)
    .map(([id, formation]) => ({ id, ...formation }))
    .sort((left, right) => right.started_at.localeCompare(left.started_at));
};

export const rememberFormation = async (
  context: Context,
  { id, ...formation }: SavedFormation,
): Promise<void> => {
  const file = await read(context);
  file.formations[id] = formation;
  await writeYaml(fileOf(context), file);
};

/** Removes a formation, unless it has been started again in the meantime. */
export const forgetFormation = async (
  context: Context,
  { id, started_at }: Pick<SavedFormation, "id" | "started_at">,
): Promise<void> => {
  const file = await read(context);
  if (file.formations[id]?.started_at !== started_at) return;
  delete file.formations[id];
  await writeYaml(fileOf(context), file);
};
