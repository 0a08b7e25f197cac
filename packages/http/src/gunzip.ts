import { promisify } from "node:util";

/** Why a body cannot be read: in another coding, not what its coding says, or larger than the limit. */
export type UnreadBody = "coding" | "broken" | "large";

/** Codings of RFC 9110 section 8.4.1.3. */
export const isGzip = (coding: string): boolean => coding === "gzip" || coding === "x-gzip";

/**
 * A body as its `Content-Encoding` says.
 *
 * @param limit Bytes, of what comes out too: a few compressed kilobytes may be gigabytes.
 */
export const gunzipped = async (
  body: Buffer,
  encoding: string,
  limit: number,
): Promise<Buffer | UnreadBody> => {
  const coding = encoding.trim().toLowerCase();
  if (coding === "" || coding === "identity") return body;
  if (!isGzip(coding)) return "coding";
  // Loaded by the first who needs it: few callers compress.
  const { gunzip } = await import("node:zlib");
  try {
    return await promisify(gunzip)(body, { maxOutputLength: limit });
  } catch (error) {
    const isLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return isLarge ? "large" : "broken";
  }
};
