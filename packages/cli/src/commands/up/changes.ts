import { relative, sep } from "node:path";
import { watch } from "chokidar";

/** Watches the files of a formation. */
export interface FileWatcher {
  /** A signal that aborts at the next change. Its reason is the list of changed files, relative to the folder. */
  next(): AbortSignal;
  close(): Promise<void>;
}

/** The files and folders that make up a formation. Everything else in its folder is written by it, or unrelated. */
const watched: ReadonlySet<string> = new Set([
  ...["formation.afs", "formation.yaml", "formation.yml", "SOUL.md", "secrets.enc", ".key"],
  ...["agents", "mcp", "mcps", "a2a", "skills", "sops", "triggers", "transformers", "groups", "knowledge"],
]);

/** Wait until changes settle: editors write files in several steps, and several files at once. */
const settleMs = 300;

export const watchChanges = async (folder: string): Promise<FileWatcher> => {
  const isIgnored = (path: string): boolean => {
    const [top = ""] = relative(folder, path).split(sep);
    return top !== "" && !watched.has(top);
  };
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
  watcher.on("all", (_event, path) => {
    files.add(relative(folder, path));
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
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
};
