import { errorOfStatus, type MuxiError } from "../errors/index.ts";
import { readText } from "./body.ts";
import { fieldsOf, firstText, parseJson } from "./objects.ts";
import { retryAfterOf } from "./retry.ts";

/** Bytes of an error body that are read at most. No error of ours is nearly this long. */
const longestBody = 64 * 1024;

/** Shows what came in place of an answer of the API. */
export const unexpected = (response: Response, text: string): string =>
  `Unexpected answer (${response.headers.get("content-type")}): ${text.slice(0, 200)}`;

/**
 * The error for a failed response: from the formation's envelope, from the body of a proxy or the server, or from the
 * status alone (docs/spec/formation-api.md "Errors in clients").
 *
 * @param flat Whether `error` in the body is a code, as in the server API (docs/spec/server-api.md
 * "Clients of the server API").
 */
export const errorOfBody = (response: Response, text: string, flat = false): MuxiError => {
  const details = parseJson(text);
  const body = fieldsOf(details);
  const nested = fieldsOf(body.error);
  const code = firstText(nested.code, body.code, flat && body.error);
  let message = firstText(nested.message, body.message, body.error, body.detail);
  // The page of a proxy in between. Its beginning says most.
  if (details === undefined && text) message = unexpected(response, text);
  const target = response.headers.get("location");
  if (target) message = `Redirects are not followed: ${target}`;
  return errorOfStatus(response.status, message || response.statusText || `HTTP ${response.status}`, {
    code,
    details: details ?? text,
    requestId: firstText(fieldsOf(body.request).id, response.headers.get("x-muxi-request-id")),
    retryAfter: retryAfterOf(response.headers),
  });
};

/** The error for a failed response whose body is still unread. */
export const errorOfResponse = async (response: Response, flat: boolean): Promise<MuxiError> =>
  errorOfBody(response, (await readText(response, longestBody))[0].slice(0, longestBody), flat);
