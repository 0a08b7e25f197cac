import { errorOfStatus } from "../errors/classify.ts";
import type { MuxiError } from "../errors/errors.ts";
import { fieldsOf } from "./fields.ts";
import { parseRetryAfter } from "./retry.ts";

/** No error body of ours is near this long; what comes after it is not read. */
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

const asText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/**
 * The error of an answer that failed, from the formation's envelope, from the proxy's or the server's body, or
 * from neither (contract/formation-api.md 3.4).
 *
 * @param errorIsCode The control plane names the failure in `error` (contract/server-api.md 21.3).
 */
export const errorOfBody = (response: Response, text: string, errorIsCode = false): MuxiError => {
  let details: unknown;
  let code: string | undefined;
  let message: string | undefined;
  try {
    details = JSON.parse(text);
    const body = fieldsOf(details);
    const nested = fieldsOf(body.error);
    code = asText(nested.code) ?? asText(body.code) ?? (errorIsCode ? asText(body.error) : undefined);
    message = asText(nested.message) ?? asText(body.message) ?? asText(body.error) ?? asText(body.detail);
  } catch {
    // Not JSON: a page of some proxy in between, of which the beginning says most.
    details = text;
    message = asText(text.slice(0, 200).trim());
  }
  const target = response.headers.get("location");
  if (target) message = `Redirects are not followed: ${target}`;
  const requestId = asText(fieldsOf(fieldsOf(details).request).id);
  return errorOfStatus(response.status, message ?? (response.statusText || `HTTP ${response.status}`), {
    code,
    details,
    requestId: requestId ?? response.headers.get("x-muxi-request-id") ?? undefined,
    retryAfter: parseRetryAfter(
      response.headers.get("retry-after"),
      // A date is of the server's clock, which may be another one than ours.
      Date.parse(response.headers.get("date") ?? "") || Date.now(),
    ),
  });
};

/** Reads as much of the body as an error needs. */
export const errorOfResponse = async (response: Response, errorIsCode: boolean): Promise<MuxiError> =>
  errorOfBody(response, await boundedText(response.body), errorIsCode);
