import type { Stats } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { watch } from "chokidar";

/** Watches the files of a formation. */
export interface FileWatcher {
  /** A signal that aborts at the next change. Its reason is the list of changed files, relative to the folder. */
  next(): AbortSignal;
  /** Watches these programs from now on, in place of those before. Paths are relative to the folder. */
  watchPrograms(programs: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * The files and folders that make up a formation. Everything else in its folder is written by it, or unrelated, but for
 * the programs of its MCP servers.
 */
const watched: ReadonlySet<string> = new Set([
  ...["formation.afs", "formation.yaml", "formation.yml", "SOUL.md", "secrets.enc", ".key"],
  ...["agents", "mcp", "mcps", "a2a", "skills", "sops", "triggers", "transformers", "groups", "knowledge"],
]);

/** Wait until changes settle: editors write files in several steps, and several files at once. */
const settleMs = 300;

/**
 * Whether a path is a program, a file that it may import, or a folder on the way to one. What a program stores in its
 * folder has another ending, and must not restart it.
 */
const belongsTo = (program: string, path: string, isFile: boolean): boolean => {
  const folder = dirname(program);
  if (path === program || `${folder}${sep}`.startsWith(`${path}${sep}`)) return true;
  if (folder === "." || !path.startsWith(`${folder}${sep}`)) return false;
  const isForeign = path.split(sep).some((name) => name === "node_modules" || name.startsWith("."));
  return !isForeign && (!isFile || extname(path) === extname(program));
};

/** @param first Programs of the formation's MCP servers, relative to the folder. */
export const watchChanges = async (folder: string, first: readonly string[]): Promise<FileWatcher> => {
  let programs = first;
  const isWatched = (path: string, isFile: boolean): boolean => {
    const [top = ""] = path.split(sep);
    return top === "" || watched.has(top) || programs.some((program) => belongsTo(program, path, isFile));
  };
  const isIgnored = (path: string, stats?: Stats): boolean =>
    !isWatched(relative(folder, path), stats?.isFile() ?? false);
  const watcher = watch(folder, { ignored: isIgnored, ignoreInitial: true });
  const files = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let controller = new AbortController();
  const report = () => {
    timer = undefined;
    // The previous change is still being handled. This one is reported by the next call of `next`.
    if (controller.signal.aborted) return;
    controller.abort([...files].sort());
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
    watchPrograms(now) {
      const added = now.filter((program) => !programs.includes(program));
      programs = now;
      watcher.add(
        added.map((program) => join(folder, dirname(program) === "." ? program : dirname(program))),
      );
    },
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
};
