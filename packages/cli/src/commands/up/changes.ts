import { relative, sep } from "node:path";
import { watch } from "chokidar";

/** Tells when the files of a formation change. */
export interface Changes {
  /** Aborts with the next change, its reason being the files, relative to the folder. */
  next(): AbortSignal;
  close(): Promise<void>;
}

/** What a formation is made of. All else in its folder it writes itself, or it is none of its business. */
const watched: ReadonlySet<string> = new Set([
  ...["formation.afs", "formation.yaml", "formation.yml", "SOUL.md", "secrets.enc", ".key"],
  ...["agents", "mcp", "mcps", "a2a", "skills", "sops", "triggers", "transformers", "groups", "knowledge"],
]);

/** Editors write a file in several steps, and several files at once. */
const calmMs = 300;

export const watchChanges = async (folder: string): Promise<Changes> => {
  const isIgnored = (path: string): boolean => {
    const [top = ""] = relative(folder, path).split(sep);
    return top !== "" && !watched.has(top);
  };
  const watcher = watch(folder, { ignored: isIgnored, ignoreInitial: true });
  const files = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let controller = new AbortController();
  const tell = () => {
    timer = undefined;
    // Nobody waits while the last change is dealt with: what comes meanwhile is told with the next `next`.
    if (controller.signal.aborted) return;
    controller.abort([...files].sort());
    files.clear();
  };
  watcher.on("all", (_event, path) => {
    files.add(relative(folder, path));
    clearTimeout(timer);
    timer = setTimeout(tell, calmMs);
  });
  await new Promise<void>((resolve, reject) => {
    watcher.once("ready", resolve).once("error", reject);
  });
  return {
    next() {
      if (controller.signal.aborted) controller = new AbortController();
      if (files.size > 0 && timer === undefined) tell();
      return controller.signal;
    },
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
};
