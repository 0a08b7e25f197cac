import type { Stats } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { type Formation, knowledgePaths, serverPrograms } from "@muxi/formation";
import { watch } from "chokidar";

/** Watches the files of a formation. */
export interface FileWatcher {
  /** Aborts at the next change. */
  next(): AbortSignal;
  /** The files that the change before has brought, relative to the folder. */
  changed(): readonly string[];
  /** Watches from now on what a changed formation names, in place of what it named before. */
  follow(formation: Formation): void;
  close(): Promise<void>;
}

/**
 * The files and folders that make up a formation. Everything else in its folder is written by it, or unrelated, but for
 * what it names: the programs of its MCP servers, and the sources of its knowledge.
 */
const watched: ReadonlySet<string> = new Set([
  ...["formation.afs", "formation.yaml", "formation.yml", "SOUL.md", "secrets.enc", ".key"],
  ...["agents", "mcp", "mcps", "a2a", "skills", "sops", "triggers", "transformers", "groups", "knowledge"],
]);

/** Wait until changes settle: editors write files in several steps, and several files at once. */
const settleMs = 300;

const isForeign = (path: string): boolean =>
  path.split(sep).some((name) => name === "node_modules" || name.startsWith("."));

/** Whether a path is a folder, or one on the way to it. */
const isOnWay = (folder: string, path: string): boolean => `${folder}${sep}`.startsWith(`${path}${sep}`);

/**
 * Whether a path is a program, a file that it may import, or a folder on the way to one. What a program stores in its
 * folder has another ending, and must not restart it.
 */
const belongsTo = (program: string, path: string, isFile: boolean): boolean => {
  const folder = dirname(program);
  if (path === program || isOnWay(folder, path)) return true;
  if (folder === "." || !path.startsWith(`${folder}${sep}`)) return false;
  return !isForeign(path) && (!isFile || extname(path) === extname(program));
};

/** Whether a path is a source of knowledge, in one, or a folder on the way to one. */
const isIn = (source: string, path: string): boolean =>
  isOnWay(source, path) || (path.startsWith(`${source}${sep}`) && !isForeign(path));

/** What a formation names that is watched too. Its own folder, which it writes to, is none of it. */
const namedBy = (formation: Formation) => ({
  programs: serverPrograms(formation),
  sources: knowledgePaths(formation).filter((path) => path !== ""),
});

/** The agents of a formation whose knowledge some files are, or may be. */
export const agentsWithDocuments = ({ dir, agents }: Formation, files: readonly string[]): string[] =>
  agents
    .filter((agent) =>
      knowledgePaths({ dir, agents: [agent] }).some((source) => files.some((file) => isIn(source, file))),
    )
    .map(({ id }) => id);

/** Whether files are documents and nothing else: then the formation need not start anew. */
export const areDocuments = (formation: Formation, files: readonly string[]): boolean => {
  const { programs, sources } = namedBy(formation);
  return files.every((file) => {
    const [top = ""] = file.split(sep);
    const isOther =
      (watched.has(top) && top !== "knowledge") || programs.some((program) => belongsTo(program, file, true));
    return !isOther && sources.some((source) => isIn(source, file));
  });
};

/** Watches the files that make up a formation (docs/spec/cli.md "Watching files"). */
export const watchChanges = async (first: Formation): Promise<FileWatcher> => {
  const folder = first.dir;
  let named = namedBy(first);
  const isWatched = (path: string, isFile: boolean): boolean => {
    const [top = ""] = path.split(sep);
    return (
      top === "" ||
      watched.has(top) ||
      named.programs.some((program) => belongsTo(program, path, isFile)) ||
      named.sources.some((source) => isIn(source, path))
    );
  };
  const isIgnored = (path: string, stats?: Stats): boolean =>
    !isWatched(relative(folder, path), stats?.isFile() ?? false);
  const watcher = watch(folder, { ignored: isIgnored, ignoreInitial: true });
  const files = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let controller = new AbortController();
  let reported: readonly string[] = [];
  const report = () => {
    timer = undefined;
    // The previous change is still being handled. This one is reported by the next call of `next`.
    if (controller.signal.aborted) return;
    reported = [...files].sort();
    controller.abort();
    files.clear();
  };
  watcher.on("all", (event, path) => {
    const changed = relative(folder, path);
    if (!isWatched(changed, !event.endsWith("Dir"))) return;
    files.add(changed);
    clearTimeout(timer);
    timer = setTimeout(report, settleMs);
  });
  await new Promise<void>((resolve, reject) => {
    watcher.once("ready", resolve).once("error", reject);
  });
  return {
    next() {
      if (controller.signal.aborted) controller = new AbortController();
      if (files.size > 0 && timer === undefined) report();
      return controller.signal;
    },
    changed: () => reported,
    follow(formation) {
      const before = new Set([...named.programs, ...named.sources]);
      named = namedBy(formation);
      const programs = named.programs.filter((program) => !before.has(program));
      const sources = named.sources.filter((source) => !before.has(source));
      const folders = programs.map((program) => (dirname(program) === "." ? program : dirname(program)));
      watcher.add([...folders, ...sources].map((path) => join(folder, path)));
    },
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
};
