import { setImmediate } from "node:timers/promises";
import { ApiError, holdsMoreValues, namesPrototype } from "@muxi/protocol";
import { deepestJson, isTooDeep, mostJsonValues, parseJson } from "../base/index.ts";
import { decoded } from "./compression.ts";
import { type HttpRequest, tooLarge } from "./request.ts";

/** Bytes from which a body is read in steps, between which everything else has its turn. */
const largeBody = 2 ** 20;

const linesType = /^application\/(?:x-ndjson|jsonl)/i;

const refused = (message: string) => new ApiError("INVALID_REQUEST", message);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw refused("The body is not valid JSON: check its quotes, commas and brackets");
  }
};

/** Lines that are read before everything else has its turn. */
const linesAtOnce = 500;

/** The entries of JSON Lines. A line that is no JSON is its text. */
const parseLines = async (text: string): Promise<unknown[]> => {
  const entries: unknown[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    entries.push(parseJson(line) ?? line);
    if (entries.length % linesAtOnce === 0) await setImmediate();
  }
  return entries;
};

/**
 * The JSON body of a request; undefined for none.
 *
 * @param limit Bytes.
 * @param linesAs Field that a body of JSON Lines stands for, where such a body may come.
 * @throws ApiError `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE`, `INVALID_REQUEST`
 */
export const readJson = async (incoming: HttpRequest, limit: number, linesAs?: string): Promise<unknown> => {
  const { "content-length": length, "transfer-encoding": encoding, "content-type": type } = incoming.headers;
  if (encoding === undefined && (length === undefined || length === "0")) return undefined;
  if (Number(length) > limit) throw tooLarge();
  const isLines = linesAs !== undefined && linesType.test(type ?? "");
  if (!isLines && !type?.toLowerCase().startsWith("application/json")) {
    throw new ApiError(
      "UNSUPPORTED_MEDIA_TYPE",
      "The body must be JSON: send Content-Type: application/json",
    );
  }
  const sent = await incoming.readBytes(limit);
  const coding = incoming.headers["content-encoding"];
  const bytes = coding === undefined ? sent : await decoded(sent, coding, limit);
  const isLarge = bytes.length >= largeBody;
  if (isLarge) await setImmediate();
  const text = bytes.toString("utf8");
  if (text === "") return undefined;
  if (holdsMoreValues(text, mostJsonValues)) {
    throw refused(`The body has more than ${mostJsonValues} values: send fewer`);
  }
  if (isLarge) await setImmediate();
  const value = isLines ? { [linesAs]: await parseLines(text) } : parse(text);
  if (namesPrototype(value)) throw refused("The body has a key named __proto__: give it another name");
  // Each level takes two characters at least.
  if (text.length > 2 * deepestJson && isTooDeep(value)) {
    throw refused(`The body is nested deeper than ${deepestJson} levels: flatten it`);
  }
  return value;
};
