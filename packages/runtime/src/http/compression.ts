import { promisify } from "node:util";
import { gunzipped, isGzip } from "@muxi/http";
import { ApiError } from "@muxi/protocol";
import { tooLarge } from "./request.ts";

/** Characters from which an answer is worth compressing. */
const worthwhile = 1024;

/**
 * Characters up to which an answer is compressed at once, in small tables: that takes 40 µs for 2 KB, where a thread of the
 * pool with tables of the usual size takes 140.
 */
const quick = 16 * 1024;
const quickly = { level: 1, windowBits: 12, memLevel: 5 };

/**
 * The body of a request as its `Content-Encoding` says (docs/spec/formation-api.md "HTTP rules").
 *
 * @param limit Bytes, of what comes out too.
 * @throws ApiError `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE`, `INVALID_REQUEST`
 */
export const decoded = async (body: Buffer, encoding: string, limit: number): Promise<Buffer> => {
  const read = await gunzipped(body, encoding, limit);
  if (typeof read !== "string") return read;
  if (read === "large") throw tooLarge();
  throw read === "coding"
    ? new ApiError(
        "UNSUPPORTED_MEDIA_TYPE",
        "The body is compressed in a way that is not read here: send it with Content-Encoding: gzip, or plain",
      )
    : new ApiError("INVALID_REQUEST", "The body is not the gzip that its Content-Encoding names");
};

/** Whether a caller takes gzip (RFC 9110 section 12.5.3). */
const takesGzip = (accepted: string): boolean => {
  const qualities = new Map(
    accepted.split(",").map((one) => {
      const [coding = "", ...parameters] = one.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [isGzip(coding) ? "gzip" : coding, Number(quality ?? 1)];
    }),
  );
  return (qualities.get("gzip") ?? qualities.get("*") ?? 0) > 0;
};

/** The text compressed, if that is worthwhile and the caller takes it; else undefined. */
export const compressed = async (
  text: string,
  accepted: string | undefined,
): Promise<Uint8Array | undefined> => {
  if (text.length < worthwhile || accepted === undefined || !takesGzip(accepted)) return undefined;
  const { gzip, gzipSync } = await import("node:zlib");
  return text.length <= quick ? gzipSync(text, quickly) : promisify(gzip)(text);
};
