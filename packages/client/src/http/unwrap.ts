import { errorOfBody } from "./failure.ts";

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

interface Envelope {
  data: Record<string, unknown>;
  success?: boolean;
  timestamp?: number;
  request?: { id?: string; idempotency_key?: string | null };
}

const isEnvelope = (value: unknown): value is Envelope =>
  typeof value === "object" && value !== null && "data" in value && typeof value.data === "object";

/** Takes `data` out of the envelope by the rules of contract/formation-api.md 3.3. */
export const unwrap = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  if (text === "") return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof body === "object" && body !== null && "success" in body && body.success === false) {
    throw errorOfBody(response, text);
  }
  if (!isEnvelope(body)) return body;
  const { data, request, timestamp } = body;
  return {
    ...data,
    ...(data.request_id == null && request?.id !== undefined && { request_id: request.id }),
    ...(data.timestamp === undefined && timestamp !== undefined && { timestamp }),
    ...(data.idempotency_key === undefined &&
      request?.idempotency_key !== undefined && { idempotency_key: request.idempotency_key }),
  };
};
