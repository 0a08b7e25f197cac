import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { readdir, realpath, rm, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { keysFile } from "./api-keys.ts";
import { FormationError, findManifest, isClutter, isMissing, type Report } from "./base/index.ts";
import { databaseOf } from "./database.ts";
import type { Formation } from "./formation.ts";
import { type LoadOptions, loadFormation } from "./load.ts";
import { secretFiles } from "./secrets/index.ts";
import { isVersion } from "./versions.ts";

export interface PackOptions extends Pick<LoadOptions, "runtimeVersion"> {
  /** Path of the tar.gz to write; one that exists is replaced. */
  target: string;
  /** Includes the database of SQLite. Default false: what a formation has learned stays where it runs. */
  includeDb?: boolean;
  /** Includes everything in the folder, as a backup that is restored on a server. Default false. */
  whole?: boolean;
}

/** A packed formation, as it is sent to a server. */
export interface Bundle {
  id: string;
  /**
   * `1.0.0` when the manifest names none, as the server counts it (docs/spec/server-api.md
   * "What a bundle must hold").
   */
  version: string;
  /** Number of files in it. */
  files: number;
  /** Size of the tar.gz in bytes. */
  bytes: number;
  /** SHA-256 of the tar.gz in hex. */
  sha256: string;
  /** Paths that were left out because they lead out of the folder, or are neither file nor folder. */
  skipped: string[];
  /** What the validation found; it holds no errors. */
  report: Report;
}

/**
 * Excluded at any depth (docs/spec/formation-files.md "Bundles"). Whole names: `.github` and `secrets-data` are other
 * folders.
 */
const excludedNames: ReadonlySet<string> = new Set([
  ".git",
  ".muxi",
  ".env",
  "node_modules",
  "__pycache__",
  ".vscode",
  ".idea",
]);
const excludedPatterns = [/^\.env\./, /\.pyc$/, /\.log$/, /\.tmp$/];

/** Excluded at the top of the folder. Generated keys belong to this folder; a server generates its own. */
const excludedAtTop: ReadonlySet<string> = new Set([secretFiles.template, keysFile]);
const sidecars = /(-wal|-shm|-journal)$/;

/** What is packed besides the formation's own files. */
interface DataChoice {
  includeDb: boolean;
  whole: boolean;
  /** The file of SQLite, relative to the folder. */
  database: string;
}

const isExcluded = (path: string, { includeDb, whole, database }: DataChoice): boolean => {
  if (whole) return false;
  const name = basename(path);
  if (isClutter(name) || excludedNames.has(name) || excludedPatterns.some((pattern) => pattern.test(name)))
    return true;
  // The shared memory file is recreated from the other two.
  if ([database, "memory.db"].includes(path.replace(sidecars, "")))
    return !includeDb || path.endsWith("-shm");
  return path === name && excludedAtTop.has(name);
};

interface Contents {
  /** By path relative to the folder, with forward slashes, sorted. */
  files: Map<string, Stats>;
  skipped: string[];
}

/** Makes equal content give equal bundles: of a file only path, bytes and whether it is executable are recorded. */
const plainStats = (path: string, stats: Stats): Stats => {
  const isSecret = path === secretFiles.key || path === secretFiles.encrypted;
  stats.mode = (stats.mode & ~0o777) | (isSecret ? 0o600 : stats.mode & 0o100 ? 0o755 : 0o644);
  stats.nlink = 1; // tar would write the second name of a file as a link, which a server skips.
  return stats;
};

const contentsOf = async (dir: string, choice: DataChoice): Promise<Contents> => {
  const root = await realpath(dir);
  const found: [string, Stats][] = [];
  const skipped: string[] = [];

  /** @param ancestors Real paths of the folders above: a link to one of them would never end. */
  const walk = async (folder: string, ancestors: readonly string[]): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (isExcluded(path, choice)) continue;
      const real = await realpath(join(root, path)).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (real === undefined || !real.startsWith(root + sep) || ancestors.includes(real)) {
        skipped.push(path);
        continue;
      }
      const stats = await stat(real);
      if (stats.isDirectory()) await walk(path, [...ancestors, real]);
      else if (stats.isFile()) found.push([path, plainStats(path, stats)]);
      else skipped.push(path);
    }
  };

  await walk("", [root]);
  found.sort(([left], [right]) => (left < right ? -1 : 1));
  return { files: new Map(found), skipped: skipped.sort() };
};

/**
 * Faults that only a server refuses (docs/spec/server-api.md "What a bundle must hold").
 */
const checkForServer = async (
  { dir, manifestFile }: Formation,
  version: string,
): Promise<Report["errors"]> => {
  const errors: Report["errors"] = [];
  if ((await findManifest(dir)) !== manifestFile) {
    const hint = "Move it to a folder of its own and name it formation.afs";
    errors.push({ file: manifestFile, path: "", message: "cannot be deployed as a single file", hint });
  }
  if (!isVersion(version)) {
    const hint = "Run: muxi bump --set 1.0.0";
    errors.push({ file: manifestFile, path: "version", message: "must be of the form 1.2.3", hint });
  }
  return errors;
};

/**
 * Packs a formation folder for a server: validates it, then writes a tar.gz with one folder `<id>/`
 * (docs/spec/formation-files.md "Bundles"). Equal content gives equal bytes, whenever and wherever it is packed.
 *
 * @throws FormationError when the formation cannot run on a server, where `${{ env.NAME }}` is an error too.
 *
 * @example
 * const { id, version, sha256 } = await packFormation("my-bot", { target: "/tmp/my-bot.tar.gz" });
 */
export const packFormation = async (
  dir: string,
  { target, includeDb = false, whole = false, ...options }: PackOptions,
): Promise<Bundle> => {
  const { formation, report } = await loadFormation(dir, { ...options, allowEnv: false, forServer: true });
  if (!formation) throw new FormationError(dir, report);
  const { id, manifest } = formation;
  const version = manifest.version ?? "1.0.0";
  const errors = await checkForServer(formation, version);
  if (errors.length > 0) throw new FormationError(dir, { ...report, errors });

  const place = databaseOf(formation);
  const database = place.engine === "sqlite" ? relative(formation.dir, place.file).replaceAll(sep, "/") : "";
  const { files, skipped } = await contentsOf(formation.dir, { includeDb, whole, database });
  const root = await realpath(formation.dir);
  // Loaded here, so that what only reads formations does not pay for it.
  const { create } = await import("tar");
  const archive = create(
    {
      gzip: { level: 9 },
      cwd: root,
      prefix: id,
      portable: true,
      mtime: new Date(0),
      follow: true,
      statCache: new Map([...files].map(([path, stats]) => [`${root}/${path}`, stats])),
    },
    // A name that begins with @ would be taken for an archive to read.
    [...files.keys()].map((path) => `./${path}`),
  );
  try {
    await pipeline(archive, createWriteStream(target, { mode: 0o600 }));
    const hash = createHash("sha256");
    await pipeline(createReadStream(target), hash);
    const { size } = await stat(target);
    return { id, version, files: files.size, bytes: size, sha256: hash.digest("hex"), skipped, report };
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
};
