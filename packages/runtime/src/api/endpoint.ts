import {
  ApiError,
  fieldErrors,
  headers,
  isObject,
  type Lazy,
  type Route,
  type RouteId,
  type routes,
} from "@muxi/protocol";
import type * as z from "zod";
import type { HttpResponse } from "../http/index.ts";
import type { KeyUsed, Matched } from "./received.ts";

type Parsed<R, Part extends "params" | "query" | "body"> =
  R extends Record<Part, Lazy> ? z.output<ReturnType<R[Part]>> : undefined;

/** A request whose key was checked and whose parts were validated by its row of the route table. */
export interface Call<R extends Route> {
  params: Parsed<R, "params">;
  query: Parsed<R, "query">;
  body: Parsed<R, "body">;
  /** Owner of the data that the call is about. Undefined only where an admin names no user. */
  userId: R["user"] extends "filter" ? string | undefined : string;
  /** The key that opened the route. */
  keyUsed: KeyUsed;
  request: Matched;
  /** Used by streams, which write to it themselves. */
  response: HttpResponse;
}

/** Data, with what the envelope says about its request. */
export class Reply<Data> {
  readonly data: Data;
  /** Id of the request that is answered, where it differs from the caller's. */
  readonly requestId: string;
  /** Unix milliseconds of the first answer, for a repeated call. */
  readonly answeredAt: number | undefined;

  constructor(data: Data, requestId: string, answeredAt?: number) {
    this.data = data;
    this.requestId = requestId;
    this.answeredAt = answeredAt;
  }
}

/** Returned by an endpoint that wrote its answer to the socket itself. */
export const streamed = Symbol("streamed");

/** Answers one row of the route table: returns the `data` of the envelope. */
export type Endpoint<R extends Route> = (
  call: Call<R>,
) => Promise<z.input<ReturnType<R["data"]>> | Reply<z.input<ReturnType<R["data"]>>> | typeof streamed>;

/** One endpoint for every row. */
export type Endpoints = { [Id in RouteId]: Endpoint<(typeof routes)[Id]> };

const longestUserId = 256;
/** Largest number of invalid parameters that an error names. */
const mostListed = 20;

const asText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Whether the user's header came twice: Node joins the values with a comma, which would be another user. */
const isAmbiguous = (sent: string, { http }: Matched): boolean =>
  sent.includes(",") && http.repeats(headers.userId);

/**
 * The user of docs/spec/formation-api.md "Users", trimmed and in lower case: the header, else `user_id` of the query,
 * else that of the body.
 */
const userIdOf = (row: Route, request: Matched): string | undefined => {
  const { keyUsed, query, body } = request;
  const sent = row.user === "none" ? [] : [request.headers[headers.userId], query.user_id];
  // The body of a trigger may be its data, in which `user_id` can mean anything.
  if (row.user !== "none" && row.path !== "/triggers/{name}" && isObject(body))
    sent.push(asText(body.user_id));
  const named = sent.map((userId = "") => String(userId).trim().toLowerCase()).filter(Boolean);
  const [userId = ""] = named;
  if (named.some((other) => other !== userId)) {
    throw new ApiError(
      "INVALID_REQUEST",
      "X-Muxi-User-ID and user_id of query or body name different users: name one",
    );
  }
  if (isAmbiguous(userId, request)) {
    throw new ApiError("INVALID_REQUEST", "The header X-Muxi-User-ID came more than once: send it once");
  }
  if (userId.length > longestUserId) {
    throw new ApiError("INVALID_REQUEST", `The user id is longer than ${longestUserId} characters`);
  }
  if (userId !== "") return userId;
  if (row.user === "required" || (row.user === "filter" && keyUsed !== "admin")) {
    throw new ApiError(
      "INVALID_REQUEST",
      "The header X-Muxi-User-ID is missing: it names the user that the call is for",
    );
  }
  return row.user === "filter" ? undefined : "0";
};

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** A copy with an empty map in place of each empty list that is refused: PHP encodes empty maps as lists. */
const withMaps = (value: unknown, issues: readonly z.core.$ZodIssue[]): unknown => {
  const places = issues.filter(
    (issue) =>
      issue.code === "invalid_type" &&
      (issue.expected === "object" || issue.expected === "record") &&
      isEmptyList(issue.input),
  );
  if (places.length === 0) return undefined;
  const copy = { value: structuredClone(value) };
  for (const { path } of places) {
    const keys = ["value", ...path];
    const last = keys.pop() ?? "value";
    const holder = keys.reduce<unknown>((part, key) => part && Reflect.get(Object(part), key), copy);
    if (typeof holder === "object" && holder !== null) Reflect.set(holder, last, {});
  }
  return copy.value;
};

/** @throws ApiError `INVALID_PARAMS` (with `validation_errors`) */
export const validated = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => {
  const options = { reportInput: true };
  const sent = schema.safeParse(value, options);
  if (sent.success) return sent.data;
  const meant = withMaps(value, sent.error.issues);
  const result = meant === undefined ? sent : schema.safeParse(meant, options);
  if (result.success) return result.data;
  const { issues } = result.error;
  const errors = fieldErrors(issues.slice(0, mostListed));
  const named = errors.map(({ field, msg }) => (field === "" ? msg : `${field}: ${msg}`)).join("; ");
  throw new ApiError("INVALID_PARAMS", `${issues.length} invalid parameter(s): ${named}`, {
    data: { validation_errors: errors },
  });
};

const parse = (schema: z.ZodType | undefined, value: unknown): unknown => schema && validated(schema, value);

const parseBody = (schema: z.ZodType | undefined, value: unknown): unknown => {
  if (!schema || value !== undefined) return parse(schema, value);
  const absent = schema.safeParse(undefined);
  if (absent.success) return absent.data;
  const msg = "The body is missing: send a JSON object with Content-Type: application/json";
  throw new ApiError("INVALID_PARAMS", msg, {
    data: { validation_errors: [{ field: "", msg, type: "object", error: "missing" }] },
  });
};

/**
 * Validates a request by its row.
 *
 * @param ownerOf Finds the owner of a user's data by the user's identifier.
 * @throws ApiError `INVALID_REQUEST` (no user), `INVALID_PARAMS` (with `validation_errors`)
 */
export const readCall = <R extends Route>(
  row: R,
  request: Matched,
  response: HttpResponse,
  ownerOf: (identifier: string) => string,
): Call<R> => {
  const params = parse(row.params?.(), request.params);
  const query = parse(row.query?.(), request.query);
  const body = parseBody(row.body?.(), request.body);
  const identifier = userIdOf(row, request);
  const userId = identifier === undefined ? undefined : ownerOf(identifier);
  // The row's own schemas and user rule made these values; the compiler cannot follow them through the table.
  return { params, query, body, userId, keyUsed: request.keyUsed, request, response } as Call<R>;
};
