import { gunzipped } from "@muxi/http";
import { holdsMoreValues, namesPrototype } from "@muxi/protocol";
import { HttpError } from "./errors.ts";

/**
 * Values in a body. Every call has a handful, and some variables: a text of 8 MB holds millions, with which the
 * parser keeps the event loop for seconds.
 */
const mostValues = 1000;

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

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not valid JSON: check its quotes, commas and brackets");
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
  if (holdsMoreValues(text, mostValues)) {
    throw new HttpError(400, `The body has more than ${mostValues} values: send fewer`);
  }
  const value = parse(text);
  if (namesPrototype(value)) {
    throw new HttpError(400, "The body has a key named __proto__: give it another name");
  }
  return value;
};
