import { errorOfBody } from "./failure.ts";
import { fieldsOf, isObject } from "./objects.ts";

/** What unwrapping adds to the `data` of an answer. */
export interface ResultMeta {
  /** Id of the request, for support and for the log. */
  request_id: string;
  /** Unix milliseconds of the answer. */
  timestamp: number;
  /** The key under which the call was stored, where the endpoint keeps one. */
  idempotency_key?: string | null;
}

/** The data of an answer; its own fields win over those that unwrapping adds. */
export type Result<Data> = Data & Omit<ResultMeta, keyof Data>;

/**
 * Takes `data` out of the envelope by the rules of docs/spec/formation-api.md "Unwrapping answers", but for
 * one: callers were promised an object, so that text in place of it is an error.
 */
export const unwrap = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  if (text === "") return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw errorOfBody(response, text);
  }
  const { data, success, request, timestamp } = fieldsOf(body);
  if (success === false) throw errorOfBody(response, text);
  if (!isObject(data)) return body;
  const { id, idempotency_key } = fieldsOf(request);
  return {
    ...(timestamp !== undefined && { timestamp }),
    ...(idempotency_key !== undefined && { idempotency_key }),
    ...data,
    ...(id !== undefined && data.request_id == null && { request_id: id }),
  };
};
