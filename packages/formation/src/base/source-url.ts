import { createHash } from "node:crypto";

/** Buckets of Amazon S3 and what speaks like it, of Google Cloud Storage, and containers of Azure. */
export type BucketKind = "s3" | "gs" | "az";

/** Where a source elsewhere is, and which of the documents there are meant (docs/spec/formation-files.md "Sources elsewhere"). */
export interface SourceUrl {
  kind: "web" | "git" | BucketKind;
  /**
   * One document, a sitemap, or the folder that a pattern begins below, which ends in a slash; of a git repository its
   * address, of a bucket its name.
   */
  base: string;
  /** The folder of a repository, with a slash at its end; what names begin with in a bucket. */
  within?: string;
  /** Which documents below, for example `guides/*.md`. */
  pattern: string | undefined;
}

/** Why a source elsewhere cannot be read, and the remedy. */
export interface UrlProblem {
  message: string;
  hint: string;
}

const readable = ["http", "https", "git+http", "git+https", "s3", "gs", "az"];
const notYet = ["ftp", "sftp", "rsync", "rsync+ssh", "file", "git+ssh", "git+file"];

/** A question mark begins the query, so it stands for no character. */
const wildcards = /[*[]/;

/** A repository's address ends in `.git`; what follows is a folder in it, and a pattern. */
const inRepository = (segments: readonly string[], pattern: string | undefined): SourceUrl | UrlProblem => {
  const end = segments.findIndex((segment) => segment.endsWith(".git")) + 1;
  if (end === 0) {
    const hint = "For example: git+https://example.com/team/handbook.git/guides/*.md";
    return { message: "names no repository: its path has no part that ends in .git", hint };
  }
  const within = segments.slice(end).filter((segment) => segment !== "");
  return {
    kind: "git",
    base: segments
      .slice(0, end)
      .join("/")
      .replace(/^git\+/i, ""),
    within: within.map((segment) => `${segment}/`).join(""),
    pattern,
  };
};

/** Names in a bucket may have any characters, so that nothing is a query. */
const inBucket = (
  kind: BucketKind,
  [bucket = "", ...segments]: readonly string[],
): SourceUrl | UrlProblem => {
  if (!/^[a-z0-9][\w.-]{1,220}$/i.test(bucket)) {
    return { message: "names no bucket", hint: `For example: ${kind}://handbook/guides/*.md` };
  }
  const first = segments.findIndex((segment) => wildcards.test(segment));
  const folders = first === -1 ? segments : segments.slice(0, first);
  const within = folders.join("/").replace(/\/+$/, "");
  const pattern = first === -1 ? undefined : segments.slice(first).join("/");
  return { kind, base: bucket, ...(within !== "" && { within }), pattern };
};

const isBucket = (kind: string): kind is BucketKind => kind === "s3" || kind === "gs" || kind === "az";

/** The address of a source, or what is wrong with it. */
export const readSourceUrl = (written: string): SourceUrl | UrlProblem => {
  const [, scheme = ""] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(written) ?? [];
  const kind = scheme.toLowerCase();
  if (notYet.includes(kind)) {
    return {
      message: `begins with ${kind}://, which is not read yet`,
      hint: "Copy the documents into the formation folder and name it as path, or serve them over https",
    };
  }
  if (!readable.includes(kind)) {
    return { message: `must begin with ${readable.map((each) => `${each}://`).join(", ")}`, hint: "" };
  }
  if (isBucket(kind)) return inBucket(kind, written.slice(`${kind}://`.length).split("/"));
  const [place = "", ...rest] = written.split(/(?=[?#])/);
  const segments = place.split("/");
  const first = segments.findIndex((segment, at) => at > 2 && wildcards.test(segment));
  const base = first === -1 ? place : `${segments.slice(0, first).join("/")}/`;
  const url = URL.parse(base.replace(/^git\+/i, ""));
  if (!url) return { message: "is not a valid URL", hint: "For example: https://example.com/guides/*.md" };
  if (url.username !== "" || url.password !== "") {
    return {
      message: "holds a user name or password, which would be shown wherever the source is named",
      hint: "Put them into auth of the source, as references to secrets",
    };
  }
  const pattern = first === -1 ? undefined : segments.slice(first).join("/");
  const isRepository = kind.startsWith("git+");
  if (rest.length > 0 && (isRepository || pattern !== undefined)) {
    const holder = isRepository ? "a repository" : "a pattern";
    return { message: `has both ${holder} and a query`, hint: "Remove the query" };
  }
  if (isRepository) return inRepository(base.split("/"), pattern);
  return { kind: "web", base: `${base}${rest.join("")}`, pattern };
};

const longestSlug = 48;
const digestLength = 10;

/** What a source is called: its `id`, else its path, else a name that is made of its address. */
export const sourceId = ({
  id,
  path,
  url = "",
}: {
  id?: string | undefined;
  path?: string | undefined;
  url?: string | undefined;
}): string => {
  const name = id ?? path;
  if (name !== undefined) return name;
  // What is asked for may be secret.
  const [place = ""] = url.toLowerCase().split("?", 1);
  const words = place.match(/[a-z0-9]+/g) ?? [];
  const slug = words.slice(1).join("-").slice(0, longestSlug).replace(/-$/, "");
  return `${slug}-${createHash("sha256").update(url).digest("hex").slice(0, digestLength)}`;
};
