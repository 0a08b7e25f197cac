import { gunzipped } from "@muxi/http";
import { namesPrototype } from "@muxi/protocol";
import { HttpError } from "./errors.ts";

/**
 * Values in a body. Every call has a handful, and some variables: a text of 8 MB holds millions, with which the
 * parser keeps the event loop for seconds.
 */
const mostValues = 1000;

const [quote, backslash] = [0x22, 0x5c];
/** What stands before each value but the first: a comma, or what opens a list or an object. */
const separators = new Set(Array.from(",[{", (character) => character.charCodeAt(0)));

const hasTooManyValues = (text: string): boolean => {
  let found = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === backslash) at += 1;
      else if (code === quote) isInString = false;
    } else if (code === quote) isInString = true;
    else if (separators.has(code)) {
      found += 1;
      if (found > mostValues) return true;
    }
  }
  return false;
};

const uncompressed = async (body: Buffer, coding: string, limit: number): Promise<Buffer> => {
  const read = await gunzipped(body, coding, limit);
  if (typeof read !== "string") return read;
  switch (read) {
    case "coding":
      throw new HttpError(
        415,
        `Content-Encoding '${coding}' is not read here: send the body with gzip, or plain`,
      );
    case "large":
      throw new HttpError(413, `The body is larger than ${limit / 1024 / 1024} MB: send less in it`);
    case "broken":
      throw new HttpError(400, "The body is not the gzip that its Content-Encoding names");
  }
};

/**
 * The JSON of a body (docs/spec/server-api.md "HTTP rules of the server").
 *
 * @param coding Its `Content-Encoding`.
 * @param limit Bytes, of what comes out too.
 * @throws HttpError 400, 413, 415
 */
export const readJson = async (body: Buffer, coding: string, limit: number): Promise<unknown> => {
  const text = (await uncompressed(body, coding, limit)).toString("utf8");
  if (hasTooManyValues(text)) {
    throw new HttpError(400, `The body has more than ${mostValues} values: send fewer`);
  }
  if (namesPrototype(text)) {
    throw new HttpError(400, "The body has a key named __proto__: give it another name");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not valid JSON: check its quotes, commas and brackets");
  }
};
