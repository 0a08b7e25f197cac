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

/** Levels of objects and arrays in one another: code that looks into them has no more stack than this needs. */
const deepest = 100;

const isTooDeep = (value: unknown): boolean => {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
};

const refused = (message: string) => new ApiError("INVALID_REQUEST", message);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw refused("The body is not valid JSON: check its quotes, commas and brackets");
  }
};

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
  if (poison.test(text)) throw refused("The body has a key named __proto__: give it another name");
  const value = parse(text);
  // Each level takes two characters at least.
  if (text.length > 2 * deepest && isTooDeep(value)) {
    throw refused(`The body is nested deeper than ${deepest} levels: flatten it`);
  }
  return value;
};
