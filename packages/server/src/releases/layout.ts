import { join } from "node:path";

/** Where a formation's files are (docs/spec/server-api.md "Directories"). */
export interface Layout {
  id: string;
  root: string;
  /** Of release `n`. It never moves: a process that runs in it may open its files at any time. */
  release: (n: number) => string;
  releases: string;
  /** Links to the releases in these places. */
  current: string;
  previous: string;
  staging: string;
  /** What the runtime owns and every release shares: database, keys, artifacts. */
  data: string;
  draft: string;
  /** It exists exactly when the formation is deployed. */
  versionFile: string;
}

export const layoutOf = (formationsDirectory: string, id: string): Layout => {
  const root = join(formationsDirectory, id);
  const releases = join(root, "releases");
  return {
    id,
    root,
    releases,
    release: (n) => join(releases, String(n)),
    current: join(root, "current"),
    previous: join(root, "previous"),
    staging: join(root, "staging"),
    data: join(root, "data"),
    draft: join(root, "draft"),
    versionFile: join(root, "version.json"),
  };
};
