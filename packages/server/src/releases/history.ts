import { readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { ifThere, writeDurably } from "../base/durable.ts";
import type { Layout } from "./layout.ts";

const entrySchema = z.object({
  version: z.int().positive(),
  deployed_at: z.string(),
  bundle_hash: z.string(),
  backup_path: z.enum(["current", "previous"]),
  /** Of the manifest. */
  semantic: z.string(),
  name: z.string(),
  replicas: z.int().positive(),
});

const historySchema = z.object({
  current_version: z.int().positive(),
  previous_version: z.int().positive().optional(),
  current: entrySchema,
  previous: entrySchema.optional(),
});

/** One release of a formation. Its number is also the name of its folder. */
export type Release = Omit<z.infer<typeof entrySchema>, "backup_path">;

/** Which releases of a formation there are (docs/spec/server-api.md "Release history"). */
export interface History {
  current: Release;
  previous?: Release | undefined;
}

/** The number of the next release: never one whose folder is in use. */
export const nextVersion = ({ current, previous }: History): number =>
  Math.max(current.version, previous?.version ?? 0) + 1;

/** Undefined when the formation is not deployed. */
export const readHistory = async ({ versionFile }: Layout): Promise<History | undefined> => {
  const text = await ifThere(readFile(versionFile, "utf8"));
  return text === undefined ? undefined : historySchema.parse(JSON.parse(text));
};

/**
 * Makes these releases the ones that count. This one write is what a deployment, an update or a rollback comes down
 * to: before it nothing has happened, after it everything else can be put right from it.
 */
export const writeHistory = async (
  { versionFile }: Layout,
  { current, previous }: History,
): Promise<void> => {
  const file: z.infer<typeof historySchema> = {
    current_version: current.version,
    ...(previous && { previous_version: previous.version }),
    current: { ...current, backup_path: "current" },
    ...(previous && { previous: { ...previous, backup_path: "previous" as const } }),
  };
  await writeDurably(versionFile, `${JSON.stringify(file, null, 2)}\n`);
};

/** Points one of `current`, `previous` and `staging` at a release, or removes it. */
export const setLink = async (link: string, release: number | undefined): Promise<void> => {
  if (release === undefined) return rm(link, { recursive: true, force: true });
  // Made elsewhere and renamed: a download or a clone that looks at this moment finds the one or the other. Whatever
  // a crash leaves among the releases goes with `removeUnused`.
  const made = join(dirname(link), "releases", `${basename(link)}.link`);
  await rm(made, { force: true });
  // Relative, so that the folder can be moved as a whole.
  await symlink(join("releases", String(release)), made, "dir");
  await rename(made, link);
};

export const setLinks = async (layout: Layout, { current, previous }: History): Promise<void> => {
  await setLink(layout.current, current.version);
  await setLink(layout.previous, previous?.version);
  await setLink(layout.staging, undefined);
};

/** Removes the folders of releases that do not count any more, or never came to. */
export const removeUnused = async (layout: Layout, { current, previous }: History): Promise<void> => {
  const names = (await ifThere(readdir(layout.releases))) ?? [];
  const unused = names.filter((name) => ![current.version, previous?.version].includes(Number(name)));
  await Promise.all(unused.map((name) => rm(join(layout.releases, name), { recursive: true, force: true })));
};
