import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Failure } from "../base/failure.ts";

export interface Upload {
  body: Readable;
  /** Where it is saved. Removed if something is wrong with it. */
  file: string;
  maxBytes: number;
  /** Length and SHA-256 that the client announced. */
  announced: { bytes?: number | undefined; sha256?: string | undefined };
}

const tooLarge = (maxBytes: number): Failure =>
  new Failure(
    413,
    "PayloadTooLarge",
    `The bundle is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB. Leave out large files, or raise formations.bundle.max_size in config.yaml.`,
  );

/**
 * Saves an upload to disk as it arrives, without holding it in memory.
 *
 * @returns Its SHA-256, in hex.
 * @throws Failure when it is too large, empty, truncated, or not what was announced.
 */
export const receiveBundle = async ({ body, file, maxBytes, announced }: Upload): Promise<string> => {
  if ((announced.bytes ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const hash = createHash("sha256");
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > maxBytes ? tooLarge(maxBytes) : null, chunk);
    },
  });
  try {
    await pipeline(body, count, createWriteStream(file, { mode: 0o600 }), { end: true });
    if (bytes === 0) throw new Failure(400, "ExtractError", "The bundle is empty: send a tar.gz as the body");
    const sha256 = hash.digest("hex");
    if (announced.sha256 !== undefined && announced.sha256.toLowerCase() !== sha256) {
      throw new Failure(
        400,
        "HashMismatch",
        `The bundle that arrived is not the one that was sent: its SHA-256 is ${sha256}, but X-Muxi-Content-SHA256 says ${announced.sha256}`,
      );
    }
    return sha256;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
};
