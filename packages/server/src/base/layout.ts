import { join } from "node:path";

/** Suffixes of the files that SQLite keeps beside a database. */
export const sidecars = ["-wal", "-shm", "-journal"];

/** Names of databases that an update has brought along: each has the number of its release. */
export const broughtDatabase = /^memory-\d+\.db$/;

/** The paths of a formation's files (docs/spec/server-api.md "Directories"). */
export interface Layout {
  id: string;
  root: string;
  /** Folder of release `n`. It never moves: a process running in it may open its files at any time. */
  release: (n: number) => string;
  releases: string;
  /** These three are links to releases. */
  current: string;
  previous: string;
  staging: string;
  /** The runtime's data, which all releases share: database, keys, artifacts. */
  data: string;
  /** Data that release `n` has brought along, and that the releases after it share. */
  ownData: (n: number) => string;
  draft: string;
  /** Exists if and only if the formation is deployed. */
  versionFile: string;
}

export const layoutOf = (formationsDirectory: string, id: string): Layout => {
  const root = join(formationsDirectory, id);
  const releases = join(root, "releases");
  const data = join(root, "data");
  return {
    id,
    root,
    releases,
    release: (n) => join(releases, String(n)),
    current: join(root, "current"),
    previous: join(root, "previous"),
    staging: join(root, "staging"),
    data,
    ownData: (n) => join(data, String(n)),
    draft: join(root, "draft"),
    versionFile: join(root, "version.json"),
  };
};
