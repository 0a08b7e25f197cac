import { errorOfStatus, type MuxiError } from "../errors/index.ts";
import { fieldsOf, firstText } from "./objects.ts";
import { parseRetryAfter } from "./retry.ts";

/** Bytes of an error body that are read at most. No error of ours is nearly this long. */
const longestBody = 64 * 1024;

const boundedText = async (body: ReadableStream<Uint8Array> | null): Promise<string> => {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < longestBody) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, longestBody);
};

/**
 * The error for a failed response: from the formation's envelope, from the body of a proxy or the server, or from the
 * status alone (docs/spec/formation-api.md "Errors in clients").
 *
 * @param errorIsCode Whether `error` in the body is a code, as in the server API (docs/spec/server-api.md
 * "Clients of the server API").
 */
export const errorOfBody = (response: Response, text: string, errorIsCode = false): MuxiError => {
  let details: unknown = text;
  let code: string | undefined;
  let message: string | undefined;
  try {
    details = JSON.parse(text);
    const body = fieldsOf(details);
    const nested = fieldsOf(body.error);
    code = firstText(nested.code, body.code, errorIsCode && body.error);
    message = firstText(nested.message, body.message, body.error, body.detail);
  } catch {
    // Not JSON: the page of a proxy in between. Its beginning says most.
    message = text && `Not JSON but ${response.headers.get("content-type")}: ${text.slice(0, 200)}`;
  }
  const target = response.headers.get("location");
  if (target) message = `Redirects are not followed: ${target}`;
  return errorOfStatus(response.status, message || response.statusText || `HTTP ${response.status}`, {
    code,
    details,
    requestId: firstText(fieldsOf(fieldsOf(details).request).id, response.headers.get("x-muxi-request-id")),
    retryAfter: parseRetryAfter(
      response.headers.get("retry-after"),
      // A date is by the server's clock, which may differ from ours.
      Date.parse(response.headers.get("date") ?? "") || Date.now(),
    ),
  });
};

/** The error for a failed response whose body is still unread. */
export const errorOfResponse = async (response: Response, errorIsCode: boolean): Promise<MuxiError> =>
  errorOfBody(response, await boundedText(response.body), errorIsCode);
