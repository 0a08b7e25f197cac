import type * as z from "zod";
import type { ErrorCode, Lazy } from "../base/index.ts";

/** Which key a route needs (docs/spec/formation-api.md "Keys"). */
export type KeyClass = "none" | "client" | "admin" | "either";

/**
 * What the header X-Muxi-User-ID means to a route (docs/spec/formation-api.md "Users"). `"filter"`: required with
 * the client key, an optional filter with the admin key.
 */
export type UserRule = "none" | "optional" | "required" | "filter";

export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below `/v1`, with parameters in braces. */
  path: string;
  summary: string;
  tag: string;
  key: KeyClass;
  user: UserRule;
  /** Status of a success. */
  status: number;
  /** `object` and `type` of the success envelope. */
  object: string;
  type: string;
  /** The answer when the work goes on in the background: `data.status` is then `processing`. */
  background?: { status: number; object: string; type: string };
  /** `data` of the success envelope. */
  data: Lazy;
  params?: Lazy<z.ZodObject>;
  query?: Lazy<z.ZodObject>;
  body?: Lazy;
  /** Events of the stream that the route sends: always, or unless the body says `stream: false`. */
  stream?: { events: Lazy; always: boolean };
  /** What each line is where the answer is JSON Lines, without an envelope. */
  lines?: Lazy;
  /** Field of the body that a body of JSON Lines stands for, each line being an entry of it. */
  linesAs?: string;
  /** Error codes beyond those that `commonErrors` gives it. */
  errors: readonly ErrorCode[];
}

/** Error codes that a route can answer because of its key, its user rule and its input, beside its own. */
export const commonErrors = ({ key, user, params, query, body }: Route): ErrorCode[] => [
  ...(key === "none" ? [] : (["UNAUTHORIZED", "RATE_LIMITED"] as const)),
  ...(user === "none" && !body ? [] : (["INVALID_REQUEST"] as const)),
  ...(params || query || body ? (["INVALID_PARAMS"] as const) : []),
  ...(body ? (["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
  "INTERNAL_ERROR",
];

const defaults = { key: "client", user: "none", status: 200, errors: [] } as const;

type Defaults = typeof defaults;

/** A row of the route table. By default it needs the client key, concerns no user, answers 200 and has no errors of its own. */
export const route = <const R extends Omit<Route, keyof Defaults> & Partial<Pick<Route, keyof Defaults>>>(
  row: R,
): Omit<Defaults, keyof R> & R => ({ ...defaults, ...row });
