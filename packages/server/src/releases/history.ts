import { readdir, readFile, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { ifThere, writeDurably } from "../base/durable.ts";
import { broughtDatabase, type Layout, sidecars } from "../base/layout.ts";

const entrySchema = z.object({
  version: z.int().positive(),
  deployed_at: z.string(),
  bundle_hash: z.string(),
  backup_path: z.enum(["current", "previous"]),
  /** Version in the manifest. */
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

/** A release of a formation. Its folder is named after its number. */
export type Release = Omit<z.infer<typeof entrySchema>, "backup_path">;

/** The releases of a formation (docs/spec/server-api.md "Release history"). */
export interface History {
  current: Release;
  previous?: Release | undefined;
}

/** The number of the next release. It is never one whose folder is in use. */
export const nextVersion = ({ current, previous }: History): number =>
  Math.max(current.version, previous?.version ?? 0) + 1;

/** The releases on disk; undefined if the formation is not deployed. */
export const readHistory = async ({ versionFile }: Layout): Promise<History | undefined> => {
  const text = await ifThere(readFile(versionFile, "utf8"));
  return text === undefined ? undefined : historySchema.parse(JSON.parse(text));
};

/**
 * Makes these the releases of the formation. This single write is the commit of a deployment, an update or a
 * rollback: before it nothing has changed, and after it everything else can be derived from it.
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

/** Points the link `current`, `previous` or `staging` to a release, or removes it. */
export const setLink = async (link: string, release: number | undefined): Promise<void> => {
  if (release === undefined) return rm(link, { recursive: true, force: true });
  // Created elsewhere and renamed, so that a concurrent download or clone finds either the old or the new link. What
  // a crash leaves behind is removed by `removeUnused`.
  const made = join(dirname(link), "releases", `${basename(link)}.link`);
  await rm(made, { force: true });
  // Relative, so that the whole folder can be moved.
  await symlink(join("releases", String(release)), made, "dir");
  await rename(made, link);
};

export const setLinks = async (layout: Layout, { current, previous }: History): Promise<void> => {
  await setLink(layout.current, current.version);
  await setLink(layout.previous, previous?.version);
  await setLink(layout.staging, undefined);
};

/** The folders of data that releases brought along. */
const ownDataIn = async (data: string): Promise<string[]> =>
  ((await ifThere(readdir(data))) ?? []).filter((name) => /^\d+$/.test(name)).map((name) => join(data, name));

/** Removes data that releases brought along and that none of these uses. Each has a link to the artifacts in its data. */
const removeUnusedData = async ({ data }: Layout, releases: readonly string[]): Promise<void> => {
  const own = await ownDataIn(data);
  if (own.length === 0) return;
  const used = await Promise.all(releases.map((release) => ifThere(realpath(join(release, "artifacts")))));
  for (const folder of own) {
    if (!used.includes(join(await realpath(folder), "artifacts"))) await rm(folder, { recursive: true });
  }
};

/** Where the links of a release lead. */
const linksOf = async (release: string): Promise<(string | undefined)[]> => {
  const entries = (await ifThere(readdir(release, { recursive: true, withFileTypes: true }))) ?? [];
  const links = entries.filter((entry) => entry.isSymbolicLink());
  return Promise.all(links.map(({ parentPath, name }) => ifThere(realpath(join(parentPath, name)))));
};

/** Removes databases that updates brought along, and that none of these releases uses. */
const removeUnusedDatabases = async ({ data }: Layout, releases: readonly string[]): Promise<void> => {
  const folders = [data, ...(await ownDataIn(data))];
  const names = await Promise.all(folders.map((folder) => ifThere(readdir(folder))));
  const brought = folders.flatMap((folder, index) =>
    (names[index] ?? []).filter((name) => broughtDatabase.test(name)).map((name) => join(folder, name)),
  );
  if (brought.length === 0) return;
  const used = (await Promise.all(releases.map(linksOf))).flat();
  for (const file of brought) {
    if (used.includes(await realpath(file))) continue;
    for (const ending of ["", ...sidecars]) await rm(file + ending, { force: true });
  }
};

/** Removes the folders of releases that are no longer in the history, or never were, with what only they used. */
export const removeUnused = async (layout: Layout, { current, previous }: History): Promise<void> => {
  const used = [current, previous].flatMap((one) => (one ? [layout.release(one.version)] : []));
  const found = ((await ifThere(readdir(layout.releases))) ?? []).map((name) => join(layout.releases, name));
  const unused = found.filter((path) => !used.includes(path));
  await Promise.all(unused.map((path) => rm(path, { recursive: true, force: true })));
  await removeUnusedData(layout, used);
  await removeUnusedDatabases(layout, used);
};
