import { errorOfCode, invalidResponse } from "../errors/index.ts";
import { fieldsOf, firstText, parseJson } from "../http/index.ts";

/** Reads the data of a frame. */
export const parseFrame = (name: string, data: string): unknown => {
  if (data === "") return {};
  const value = parseJson(data);
  if (value !== undefined) return value;
  throw invalidResponse(`Unexpected event (${name}): ${data.slice(0, 200)}`);
};

/**
 * The data of a frame as an event; `{"error": true, "message": …}` is thrown (docs/spec/formation-api.md
 * "Streams of other servers"). The type is not checked, as everywhere in this package.
 */
export const decodeJson = <Event>(name: string, data: string): Event => {
  const value = parseFrame(name, data);
  const { error, message } = fieldsOf(value);
  if (error === true)
    throw errorOfCode("STREAM_ERROR", firstText(message) ?? "The stream failed", { details: value });
  return value as Event;
};
