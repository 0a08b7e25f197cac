import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { basename, isAbsolute } from "node:path";
import { Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { systemCode } from "@muxi/formation";
import { asError } from "@muxi/http";
import { type ReadEntry, Unpack } from "tar";
import { Failure } from "../base/failure.ts";

/** Limits of a bundle. */
export interface BundleLimits {
  /** Bytes of the compressed bundle. */
  maxBytes: number;
  /** Bytes after unpacking. */
  maxUnpackedBytes: number;
  maxEntries: number;
  /** Unpacked size divided by compressed size. Not applied to small bundles. */
  maxRatio: number;
}

/** Below this unpacked size even a ratio of a thousand to one does no harm. */
const ratioFloorBytes = 64 * 1024 * 1024;
const longestPath = 1024;

const invalid = (message: string): Failure => new Failure(400, "ExtractError", message);
const excessive = (message: string): Failure => new Failure(413, "PayloadTooLarge", message);
const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MB`;

const folders: ReadonlySet<string> = new Set(["Directory", "GNUDumpDir"]);
const files: ReadonlySet<string> = new Set(["File", "OldFile", "ContiguousFile"]);
/** Magic bytes of gzip and zstd. */
const compressed = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])];
const links: ReadonlySet<string> = new Set(["SymbolicLink", "Link"]);

/** Splits a path of the archive into its parts, without `.`. A path that leads out of the archive is refused. */
const partsOf = (path: string): string[] => {
  const shown = JSON.stringify(path.slice(0, 100));
  if (path.includes("\0") || path.length > longestPath)
    throw invalid(`The bundle contains an invalid path: ${shown}`);
  if (isAbsolute(path) || /^[a-z]:/i.test(path))
    throw invalid(`The bundle contains an absolute path: ${shown}`);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw invalid(`The bundle contains the path ${shown}, which leads out of it`);
  return parts;
};

/** Whether a link's target is inside the folder that the bundle is unpacked into. */
const staysInside = (parts: readonly string[], entry: ReadEntry): boolean => {
  const target = entry.linkpath ?? "";
  if (isAbsolute(target)) return false;
  // The target of a symbolic link is relative to its own folder, that of a hard link to the archive's root.
  const at = entry.type === "SymbolicLink" ? parts.slice(0, -1) : [];
  for (const part of target.split("/")) {
    if (part === "..") {
      if (at.pop() === undefined) return false;
    } else if (part !== "" && part !== ".") at.push(part);
  }
  return at[0] === parts[0];
};

/** Decides on each entry in turn: true unpacks it, false skips it. */
const createJudge = ({ maxEntries, maxUnpackedBytes }: BundleLimits) => {
  let entries = 0;
  let bytes = 0;
  let root: string | undefined;
  return {
    root: () => root,
    admits(entry: ReadEntry): boolean {
      entries += 1;
      if (entries > maxEntries) {
        throw excessive(
          `The bundle contains more than ${maxEntries} entries. Leave out what the formation does not need, or raise formations.bundle.max_entries in config.yaml.`,
        );
      }
      const parts = partsOf(entry.path);
      const [first] = parts;
      // macOS adds a `._name` file for each file.
      if (first === undefined || basename(entry.path).startsWith("._")) return false;
      if (root !== undefined && first !== root) {
        throw invalid(`The bundle must contain a single folder, but it contains ${root}/ and ${first}`);
      }
      root = first;
      if (links.has(entry.type)) {
        if (staysInside(parts, entry)) return false;
        throw invalid(
          `The bundle contains the link ${entry.path} to ${entry.linkpath}, which leads out of it`,
        );
      }
      // The folder that the bundle is unpacked into replaces the archive's root folder.
      entry.path = parts.slice(1).join("/");
      if (folders.has(entry.type)) {
        if (parts.length === 1) return false;
        entry.mode = (entry.mode ?? 0o755) & 0o777;
        return true;
      }
      if (!files.has(entry.type)) {
        throw invalid(
          `The bundle contains ${parts.join("/")}, which is neither a file nor a folder (${entry.type})`,
        );
      }
      if (parts.length === 1) {
        throw invalid(`The bundle must contain a single folder, but ${first} is at its top level`);
      }
      bytes += entry.size;
      if (bytes > maxUnpackedBytes) throw tooLargeUnpacked(maxUnpackedBytes);
      // No setuid or setgid bits, and always readable by the server.
      entry.mode = ((entry.mode ?? 0o644) & 0o777) | 0o600;
      return true;
    },
  };
};

const tooLargeUnpacked = (maxBytes: number): Failure =>
  excessive(
    `The bundle is larger than ${megabytes(maxBytes)} when unpacked. If it has to be, raise formations.bundle.max_unpacked_size in config.yaml.`,
  );

/** Counts the bytes that come out of decompression, headers included, and stops a zip bomb early. */
const createMeter = (packedBytes: number, { maxRatio, maxUnpackedBytes, maxEntries }: BundleLimits) => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > ratioFloorBytes && bytes > packedBytes * maxRatio) {
        return done(excessive(`The bundle unpacks to more than ${maxRatio} times its size`));
      }
      // Headers and padding come in addition to the files.
      if (bytes > maxUnpackedBytes + maxEntries * 2048) return done(tooLargeUnpacked(maxUnpackedBytes));
      done(null, chunk);
    },
  });
};

/** Whether gzip or tar could not read the data. */
const isBroken = (error: unknown): error is Error =>
  error instanceof Error && (/^(Z_|TAR_)/.test(systemCode(error) ?? "") || "tarCode" in error);

/**
 * Unpacks a bundle into a new folder, leaving out the archive's root folder (docs/spec/server-api.md "Archive"). If
 * it fails, the caller removes the folder.
 *
 * @throws Failure 400 when it is not a bundle, 413 when it is too large.
 */
export const unpackBundle = async (bundle: string, folder: string, limits: BundleLimits): Promise<void> => {
  const { size } = await stat(bundle);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const judge = createJudge(limits);
  let fault: unknown;
  const unpack = new Unpack({
    cwd: folder,
    preserveOwner: false,
    noMtime: true,
    filter: (_path, entry) => {
      if (fault !== undefined || !("header" in entry)) return false;
      try {
        return judge.admits(entry);
      } catch (error) {
        fault = error;
        return false;
      }
    },
    onwarn: (code, message) => {
      // Never ignore what the library itself refuses or cannot read.
      if (code !== "TAR_ENTRY_INFO") fault ??= invalid(`The bundle cannot be unpacked: ${message}`);
    },
  });
  /** All that it has begun to write is written. */
  const settled = new Promise<void>((resolve) =>
    unpack.once("close", resolve).once("error", () => resolve()),
  );
  let isFirst = true;
  let isEnded = false;
  const archive = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // The library would decompress a second layer by itself, bypassing the meter.
      if (isFirst && compressed.some((magic) => chunk.subarray(0, magic.length).equals(magic)))
        fault = invalid("The bundle is compressed twice");
      isFirst = false;
      if (fault !== undefined) done(asError(fault));
      else if (unpack.write(chunk)) done();
      else unpack.once("drain", done);
    },
    final(done) {
      isEnded = true;
      unpack.end();
      void settled.then(() => done(fault === undefined ? null : asError(fault)));
    },
  });
  unpack.on("error", (error: unknown) => archive.destroy(asError(error)));
  try {
    await pipeline(createReadStream(bundle), createGunzip(), createMeter(size, limits), archive);
  } catch (error) {
    // Else a file could appear again behind the caller who removes the folder.
    if (!isEnded) unpack.end();
    await settled;
    if (isBroken(error)) throw invalid(`The bundle is not a complete tar.gz: ${error.message}`);
    throw error;
  }
  if (judge.root() === undefined) throw invalid("The bundle is empty");
};
