import { headers } from "@muxi/protocol";
import { createRouter } from "../http/index.ts";
import type { Request } from "./received.ts";

type Params = Record<string, string>;

/** A call of published SDKs that leads nowhere, or elsewhere than they meant (contract/formation-api.md 4.23). */
interface Alias {
  method: string;
  path: string;
  /** Says that the call is meant although its path is a route's own. Without it, routes win. */
  over?: (request: Request) => boolean;
  /** Changes the request into what was meant. */
  to: (request: Request, params: Params) => void;
}

const segment = encodeURIComponent;

const setUser = (request: Request, userId: unknown): void => {
  if (typeof userId === "string" && userId !== "") request.headers[headers.userId] ??= userId;
};

/** Leads elsewhere, with the user that the query names. */
const lead = (request: Request, path: string, method = request.method): void => {
  request.method = method;
  request.path = `/v1${path}`;
  setUser(request, request.query.user_id);
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A client that names no user: what it put where a session id belongs is the user. */
const namesNoUser = (request: Request): boolean =>
  request.headers[headers.userId] === undefined && request.headers[headers.adminKey] === undefined;

/**
 * The table. Bare bodies of `POST /triggers/{name}?async=` are that route's own matter. These calls are not answered,
 * since nothing here is what they ask for: `POST /async/jobs`, `GET /secrets/{key}` (no answer holds a value) and
 * `GET /users/identifiers`.
 */
const aliases: readonly Alias[] = [
  { method: "GET", path: "/memory/user", to: (request) => lead(request, "/memories") },
  {
    method: "POST",
    path: "/memory",
    to(request) {
      lead(request, "/memories");
      request.reshape = (body) => {
        if (isObject(body)) setUser(request, body.user_id);
        return body;
      };
    },
  },
  {
    method: "DELETE",
    path: "/memory/{id}",
    to: (request, { id = "" }) => lead(request, `/memories/${segment(id)}`),
  },
  {
    method: "GET",
    path: "/memory/buffer/{user_id}",
    to(request, { user_id }) {
      setUser(request, user_id);
      lead(request, "/memory/buffer");
    },
  },
  {
    method: "DELETE",
    path: "/memory/buffer/{user_id}",
    over: namesNoUser,
    to(request, { user_id }) {
      setUser(request, user_id);
      lead(request, "/memory/buffer");
    },
  },
  {
    method: "DELETE",
    path: "/memory/buffer/{user_id}/{session_id}",
    to(request, { user_id, session_id = "" }) {
      setUser(request, user_id);
      lead(request, `/memory/buffer/${segment(session_id)}`);
    },
  },
  { method: "GET", path: "/scheduler/config", to: (request) => lead(request, "/scheduler") },
  { method: "GET", path: "/async/jobs", to: (request) => lead(request, "/requests") },
  {
    method: "GET",
    path: "/async/jobs/{id}",
    to: (request, { id = "" }) => lead(request, `/requests/${segment(id)}`),
  },
  {
    method: "DELETE",
    path: "/async/jobs/{id}",
    to: (request, { id = "" }) => lead(request, `/requests/${segment(id)}`),
  },
  {
    method: "POST",
    path: "/secrets/{key}",
    to(request, { key }) {
      lead(request, "/secrets");
      request.reshape = (body) => (isObject(body) ? { ...body, key } : body);
    },
  },
  {
    method: "GET",
    path: "/users/{identifier}/identifiers",
    to: (request, { identifier = "" }) => lead(request, `/users/identifiers/${segment(identifier)}`),
  },
  {
    method: "GET",
    path: "/users/resolve",
    over: ({ query }) => query.identifier !== undefined,
    to(request) {
      const { identifier = "", create_user } = request.query;
      if (create_user !== "true") return lead(request, `/users/${segment(identifier)}`);
      lead(request, "/users/resolve", "POST");
      request.reshape = () => ({ identifier });
    },
  },
  {
    method: "GET",
    path: "/events/{user_id}",
    over: namesNoUser,
    to(request, { user_id }) {
      setUser(request, user_id);
      lead(request, "/events");
    },
  },
  {
    method: "GET",
    path: "/requests/{id}/stream",
    to(request, { id = "" }) {
      lead(request, `/events/${segment(request.query.session_id ?? "-")}/${segment(id)}`);
    },
  },
  {
    method: "POST",
    path: "/logs/stream",
    to(request) {
      lead(request, "/logs", "GET");
      request.reshape = (body) => {
        const filters = isObject(body) ? Object.entries(body) : [];
        for (const [name, value] of filters) if (typeof value === "string") request.query[name] ??= value;
        return undefined;
      };
    },
  },
];

const over = createRouter<Alias>();
const otherwise = createRouter<Alias>();
for (const alias of aliases) (alias.over ? over : otherwise).add(alias.method, `/v1${alias.path}`, alias);

/** An older spelling (contract/formation-api.md 8.1). */
const idempotencyKey = "idempotency-key";

/** Turns a call on a route into the other one that an old client means by it. */
export const readAsMeant = (request: Request): void => {
  const key = request.headers[idempotencyKey];
  if (typeof key === "string") request.headers[headers.idempotencyKey] ??= key;
  const match = over.find(request.method, request.path);
  if (match && "value" in match && match.value.over?.(request)) match.value.to(request, match.params);
};

/** Turns a call that leads nowhere into the one that an old client means by it; false when nobody means anything. */
export const redirectOldCall = (request: Request): boolean => {
  const match = otherwise.find(request.method, request.path);
  if (!match || !("value" in match)) return false;
  match.value.to(request, match.params);
  return true;
};
