import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { systemCode } from "@muxi/formation";
import type { ZipFile } from "yauzl";
import { CliError } from "../base/errors.ts";

/** Size of all files together, in bytes. */
const mostBytes = 2 * 1024 ** 3;

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Counts the bytes that come out of decompression: the sizes that an archive declares are only claims. */
const createMeter = () => {
  let bytes = 0;
  return async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new CliError("The formation is larger than 2 GB when unpacked");
      yield chunk;
    }
  };
};

/**
 * Unpacks an archive into a folder.
 *
 * @param from Who made it, for the message when it cannot be read.
 * @returns The number of files.
 */
export const unzipInto = async (folder: string, zip: ZipFile, from: string): Promise<number> => {
  const meter = createMeter();
  let count = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith("/")) continue;
      const path = join(folder, entry.fileName);
      await mkdir(dirname(path), { recursive: true });
      const mode = (entry.externalFileAttributes >>> 16) & 0o777 || 0o644;
      await pipeline(await zip.openReadStreamPromise(entry), meter, createWriteStream(path, { mode }));
      count += 1;
    }
  } catch (error) {
    const code = systemCode(error);
    // Codes of decompression begin with Z_; all others are about this machine's disk.
    if (error instanceof CliError || (code !== undefined && !code.startsWith("Z_"))) throw error;
    // It is damaged, or contains a path that leads out of the folder: the library refuses both.
    throw new CliError(`The archive from ${from} is damaged or not safe`, { detail: [reasonOf(error)] });
  }
  return count;
};
