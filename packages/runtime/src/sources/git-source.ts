import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { formatOf } from "@muxi/documents";
import type { SourceUrl } from "@muxi/formation";
import { ForbiddenTargetError, guardedLookup, parseTarget, type TargetPolicy } from "../background/index.ts";
import { checkGit, type GitRun, outputOfGit, runGit } from "./git.ts";
import { authorizationOf, type ConfiguredSource } from "./http-source.ts";
import { documentFilter, tooLargeFor } from "./selection.ts";
import { shownPath } from "./shown-address.ts";
import { checkListed, type DocumentElsewhere, type SourceElsewhere, SourceError } from "./source.ts";

/** Most bytes of the list of a repository's files. */
const largestList = 16 * 2 ** 20;
/** How much larger than its documents may be together a repository may be. */
const mostBeside = 10;
const lookEvery = 1_000;

/** The address that a host has, checked: git connects to it and no other. */
const addressOf = (url: URL, policy: TargetPolicy): Promise<string> =>
  new Promise((resolve, reject) => {
    guardedLookup(policy)(url.hostname.replace(/^\[|\]$/g, ""), { all: false }, (error, address) => {
      if (error instanceof ForbiddenTargetError) reject(new SourceError(`${url.host}: ${error.message}`));
      else if (error) reject(new SourceError(`${url.host} has no address`, { isTransient: true }));
      else resolve(String(address));
    });
  });

const sizeOf = async (folder: string): Promise<number> => {
  let size = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    // Git removes files meanwhile.
    size += (await stat(path.join(folder, name)).catch(() => undefined))?.size ?? 0;
  }
  return size;
};

/** Files of a commit: links and other repositories are none. */
const filesIn = (list: string): { id: string; size: number; file: string }[] =>
  list.split("\0").flatMap((line) => {
    const [, id = "", size = "", file = ""] =
      /^100(?:644|755) blob ([0-9a-f]{40,64}) +(\d+)\t(.+)$/s.exec(line) ?? [];
    return id === "" ? [] : [{ id, size: Number(size), file }];
  });

/**
 * Documents of a git repository, as a commit has them. Nothing of it is checked out: its files are read one by one, and their
 * names are no paths on this machine.
 *
 * @param folder Where the repository is kept while this process runs, so that the next sync fetches what is new.
 */
export const createGitSource = (
  source: ConfiguredSource,
  { base, within = "", pattern }: SourceUrl,
  policy: TargetPolicy,
  folder: string,
): SourceElsewhere => {
  const { ref = "HEAD", max_total_size, timeout } = source;
  const url = new URL(base);
  const authorization = authorizationOf(source);
  const isDocument = documentFilter(source, pattern);

  const settings = async () => ({
    "http.followRedirects": "false",
    "http.curloptResolve": `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}:${await addressOf(url, policy)}`,
    // Without this process, which ends it in time, it ends by itself where nothing comes.
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": String(Math.ceil(timeout)),
    // Nothing goes on when the call has ended.
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    [`protocol.${url.protocol.slice(0, -1)}.allow`]: "always",
    ...(authorization && { "http.extraHeader": `Authorization: ${authorization}` }),
  });

  const emptyFolder = async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  };

  const isTooLarge = async () => (await sizeOf(folder)) > max_total_size * mostBeside;

  /** Ends what fetches a repository that is too large. */
  const watch = async (signal: AbortSignal): Promise<never> => {
    while (true) {
      await delay(lookEvery, undefined, { signal });
      if (!(await isTooLarge())) continue;
      throw new SourceError(`the repository has more than ${mostBeside} times max_total_size`);
    }
  };

  const fetchCommit = async (signal: AbortSignal) => {
    await checkGit({ folder, settings: {}, signal });
    // Commits of earlier syncs are in it too.
    if (await isTooLarge()) await emptyFolder();
    const tooLarge = new AbortController();
    const run: GitRun = {
      folder,
      settings: await settings(),
      signal: AbortSignal.any([signal, tooLarge.signal]),
    };
    const watching = watch(run.signal).catch((error) => tooLarge.abort(error));
    try {
      await outputOfGit(["init", "--bare", "--quiet"], largestList, run);
      await outputOfGit(
        ["fetch", "--quiet", "--depth=1", "--no-tags", "--", url.href, ref],
        largestList,
        run,
      );
    } catch (error) {
      // Locks and parts of packs stay behind, by which the next fetch would fail too.
      await emptyFolder();
      throw error;
    } finally {
      tooLarge.abort();
      await watching;
    }
  };

  const documentOf = ({ id, size, file }: ReturnType<typeof filesIn>[number]): DocumentElsewhere => ({
    name: `git+${base}/${shownPath(file)}`,
    async fetch(target, known, signal) {
      if (known?.etag === id) return { kind: "same" };
      if (size > source.max_file_size) return tooLargeFor(source);
      const format = formatOf(file);
      if (!format) throw new Error(`${file} has no format`);
      const into = createWriteStream(target, { mode: 0o600 });
      try {
        await runGit(["cat-file", "blob", id], into, { folder, settings: {}, signal });
      } finally {
        into.destroy();
      }
      return { kind: "new", format, version: { etag: id, size } };
    },
  });

  return {
    async list(signal) {
      try {
        parseTarget(url.href, policy);
      } catch (error) {
        if (error instanceof ForbiddenTargetError) throw new SourceError(`${url.host}: ${error.message}`);
        throw error;
      }
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await fetchCommit(signal);
      const tree = ["ls-tree", "-r", "-z", "-l", "--full-tree", "FETCH_HEAD"];
      const files = filesIn(await outputOfGit(tree, largestList, { folder, settings: {}, signal }));
      const wanted = files.filter(
        ({ file }) => file.startsWith(within) && isDocument(file, file.slice(within.length)),
      );
      checkListed(wanted.length);
      return wanted.map(documentOf);
    },
    // The repository stays for the next sync.
    close: () => {},
  };
};
