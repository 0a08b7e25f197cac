import type { IncomingMessage } from "node:http";
import { ApiError } from "@muxi/protocol";

const tooLarge = () =>
  new ApiError("PAYLOAD_TOO_LARGE", "The body is too large: shorten the message or send fewer files");

const readText = (raw: IncomingMessage, limit: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    raw.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length > limit) {
        raw.pause();
        reject(tooLarge());
      } else pieces.push(piece);
    });
    raw.on("end", () => {
      const [first] = pieces;
      resolve((pieces.length === 1 && first ? first : Buffer.concat(pieces)).toString("utf8"));
    });
    // Nobody is left to read what is said about it.
    raw.on("close", () => {
      if (!raw.complete) reject(new ApiError("CANCELLED", "The caller left before its body was complete"));
    });
    raw.on("error", reject);
  });

/** A value of this name could become the prototype of what it is copied into. */
const poison = /"(?:_|\\u005f){2}proto(?:_|\\u005f){2}"\s*:/i;

const invalid = () => new ApiError("INVALID_REQUEST", "The body is not valid JSON");

/**
 * The JSON body of a request; undefined for none.
 *
 * @param limit Bytes.
 * @throws ApiError `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE`, `INVALID_REQUEST`
 */
export const readJson = async (raw: IncomingMessage, limit: number): Promise<unknown> => {
  const { "content-length": length, "transfer-encoding": encoding, "content-type": type } = raw.headers;
  if (encoding === undefined && (length === undefined || length === "0")) return undefined;
  if (Number(length) > limit) throw tooLarge();
  if (!type?.toLowerCase().startsWith("application/json")) {
    throw new ApiError(
      "UNSUPPORTED_MEDIA_TYPE",
      "The body must be JSON: send Content-Type: application/json",
    );
  }
  const text = await readText(raw, limit);
  if (text === "") return undefined;
  if (poison.test(text)) throw invalid();
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
};
