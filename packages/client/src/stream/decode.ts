import { errorOfCode, MuxiError } from "../errors/index.ts";
import { fieldsOf, firstText } from "../http/index.ts";

/** Reads the data of a frame. */
export const parseFrame = (name: string, data: string): unknown => {
  if (data === "") return {};
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new MuxiError(`The server sent a "${name}" event that is not JSON`, {
      code: "INVALID_RESPONSE",
      statusCode: 200,
      cause,
    });
  }
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
