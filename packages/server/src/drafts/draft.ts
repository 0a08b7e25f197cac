import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import * as z from "zod";
import { ifThere, writeDurably } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { draftMetaFile, isCopied, ofDraftOnly } from "./contents.ts";

const metaSchema = z.object({ base_version: z.string().optional(), created_at: z.string() });

export type DraftMeta = z.infer<typeof metaSchema>;

/** What a draft was made from; undefined if there is no draft. */
export const readDraft = async (folder: string): Promise<DraftMeta | undefined> => {
  if ((await ifThere(readdir(folder))) === undefined) return undefined;
  const text = await ifThere(readFile(join(folder, draftMetaFile), "utf8"));
  return text === undefined ? { created_at: "" } : metaSchema.parse(JSON.parse(text));
};

/** @throws Failure 404 */
export const requireDraft = async (folder: string, id: string): Promise<DraftMeta> => {
  const draft = await readDraft(folder);
  if (!draft)
    throw new Failure(404, "DraftNotFound", `Formation '${id}' has no draft. Create one with init.`);
  return draft;
};

/** The smallest formation that can be deployed. */
const template = (id: string): string =>
  [
    'schema: "1.0.0"',
    `id: ${id}`,
    `description: What ${id} is for`,
    'version: "1.0.0"',
    "llm:",
    "  models:",
    "    - text: builtin/extractive",
    "",
  ].join("\n");

export interface NewDraft {
  folder: string;
  id: string;
  /** The release to copy; undefined creates a template. */
  live: { folder: string; version: string } | undefined;
  createdAt: string;
}

/**
 * Creates a draft, completely or not at all.
 *
 * @throws Failure 409 if there already is one.
 */
export const createDraft = async ({ folder, id, live, createdAt }: NewDraft): Promise<void> => {
  if (await readDraft(folder)) {
    throw new Failure(409, "DraftAlreadyExists", `Formation '${id}' already has a draft. Discard it first.`);
  }
  const work = `${folder}.new`;
  await rm(work, { recursive: true, force: true });
  try {
    await mkdir(work, { recursive: true, mode: 0o700 });
    if (live) {
      await cp(live.folder, work, {
        recursive: true,
        filter: (path) => path === live.folder || isCopied(path),
      });
    } else await writeDurably(join(work, "formation.afs"), template(id), 0o644);
    const meta: DraftMeta = { ...(live && { base_version: live.version }), created_at: createdAt };
    await writeDurably(join(work, draftMetaFile), `${JSON.stringify(meta, null, 2)}\n`);
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
};

/** Records that a draft is now based on the version that was deployed from it. */
export const rebaseDraft = async (folder: string, version: string | undefined): Promise<void> => {
  const { created_at } = (await readDraft(folder)) ?? { created_at: "" };
  const meta: DraftMeta = { ...(version !== undefined && { base_version: version }), created_at };
  await writeDurably(join(folder, draftMetaFile), `${JSON.stringify(meta, null, 2)}\n`);
};

/** A hash over the names and contents of all files that would be deployed from the draft. */
export const hashDraft = async (folder: string): Promise<string> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.split("/").some(ofDraftOnly))
    .sort();
  const hash = createHash("sha256");
  for (const path of paths) {
    hash.update(`${path.length}:${path}`);
    let bytes = 0;
    for await (const chunk of createReadStream(join(folder, path))) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    hash.update(`:${bytes};`);
  }
  return hash.digest("hex");
};
