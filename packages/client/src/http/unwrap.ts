import { errorOfBody } from "./failure.ts";
import { fieldsOf, isObject } from "./objects.ts";

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

/** Takes `data` out of the envelope of a response (docs/spec/formation-api.md "Unwrapping answers"). */
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
