import {
  ApiError,
  fieldErrors,
  headers,
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
  /** Owner of the data that is meant. Undefined only where an admin asked without naming a user. */
  userId: R["user"] extends "filter" ? string | undefined : string;
  /** The key that opened the route. */
  keyUsed: KeyUsed;
  request: Matched;
  /** For streams, which write to it themselves. */
  response: HttpResponse;
}

/** Data with something that the envelope says of its request. */
export class Reply<Data> {
  readonly data: Data;
  /** The request that was answered, where it is not the caller's own. */
  readonly requestId: string;
  /** Unix milliseconds of the answer, where a repeated call gets that of the first. */
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
/** Invalid parameters that an answer names. */
const mostListed = 20;

/** What Node joins with a comma where a header came twice: that would be a user whom nobody named. */
const isAmbiguous = (sent: string, { http }: Matched): boolean =>
  sent.includes(",") && http.repeats(headers.userId);

/**
 * The user of docs/spec/formation-api.md "Users": header, then the body's `user_id`; trimmed, in lower case.
 */
const userIdOf = (row: Route, request: Matched, body: unknown): string | undefined => {
  const {
    keyUsed,
    headers: { [headers.userId]: header },
  } = request;
  const inBody =
    row.user === "optional" && typeof body === "object" && body !== null && "user_id" in body && body.user_id;
  const sent = header ?? inBody;
  const userId = typeof sent === "string" ? sent.trim().toLowerCase() : "";
  if (isAmbiguous(userId, request)) {
    throw new ApiError("INVALID_REQUEST", "The header X-Muxi-User-ID is there more than once: send it once");
  }
  if (userId.length > longestUserId) {
    throw new ApiError("INVALID_REQUEST", `The user id is longer than ${longestUserId} characters`);
  }
  if (userId !== "") return userId;
  if (row.user === "required" || (row.user === "filter" && keyUsed !== "admin")) {
    throw new ApiError(
      "INVALID_REQUEST",
      "The header X-Muxi-User-ID is missing: it names the user whose data is meant",
    );
  }
  return row.user === "filter" ? undefined : "0";
};

/** @throws ApiError `INVALID_PARAMS` (with `validation_errors`) */
export const validated = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => {
  const result = schema.safeParse(value, { reportInput: true });
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
  const msg = "The body is missing: send a JSON object with Content-Type: application/json";
  throw new ApiError("INVALID_PARAMS", msg, {
    data: { validation_errors: [{ field: "", msg, type: "object", error: "missing" }] },
  });
};

/**
 * Validates a request by its row.
 *
 * @param ownerOf Whose data the identifier of a user reaches.
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
  const identifier = userIdOf(row, request, body);
  const userId = identifier === undefined ? undefined : ownerOf(identifier);
  // The row's own schemas and user rule made these values; the compiler cannot follow them through the table.
  return { params, query, body, userId, keyUsed: request.keyUsed, request, response } as Call<R>;
};
