import { invalidResponse } from "../errors/index.ts";
import { wholeText } from "./body.ts";
import { errorOfBody, unexpected } from "./failure.ts";
import { fieldsOf, isObject, parseJson } from "./objects.ts";

/** What is added to the `data` of a response. */
export interface ResultMeta {
  /** Id of the request, for support and for finding it in logs. */
  request_id: string;
  /** When the server answered, in Unix milliseconds. */
  timestamp: number;
  /** The idempotency key under which the call was stored, if the endpoint stores one. */
  idempotency_key?: string | null;
}

/** The data of a response. Its own fields win over those that are added. */
export type Result<Data> = Data & Omit<ResultMeta, keyof Data>;

/**
 * Takes `data` out of the envelope of a response (docs/spec/formation-api.md "Unwrapping answers").
 *
 * @param most Bytes that are read; 0: no limit.
 * @param flat Whether a body without `data` is the data itself.
 */
export const unwrap = async (response: Response, most: number, flat: boolean): Promise<unknown> => {
  const text = await wholeText(response, most);
  const body = parseJson(text);
  const { data, success, request, timestamp } = fieldsOf(body);
  if (success === false) throw errorOfBody(response, text, flat);
  if (!isObject(data)) {
    if (flat && isObject(body)) return body;
    throw invalidResponse(unexpected(response, text), response.status);
  }
  const { id, idempotency_key } = fieldsOf(request);
  return {
    ...(timestamp !== undefined && { timestamp }),
    ...(idempotency_key !== undefined && { idempotency_key }),
    ...data,
    ...(id !== undefined && data.request_id == null && { request_id: id }),
  };
};
