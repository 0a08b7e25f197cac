import { headers, isObject } from "@muxi/protocol";

import { createRouter } from "../http/index.ts";
import type { Received } from "./received.ts";

type Params = Readonly<Record<string, string>>;

/**
 * A call of published SDKs that leads nowhere, or elsewhere than they meant (docs/spec/formation-api.md
 * "Aliases for older clients").
 */
interface Alias {
  method: string;
  path: string;
  /** Says that the call is meant although its path is a route's own. Without it, routes win. */
  over?: (received: Received) => boolean;
  /** The request that was meant. */
  to: (received: Received, params: Params) => Received;
}

const segment = encodeURIComponent;

/** Fills in the user where the header names none. */
const withUser = (received: Received, userId: string | undefined): Received =>
  userId && received.headers[headers.userId] === undefined
    ? { ...received, headers: { ...received.headers, [headers.userId]: userId } }
    : received;

interface Destination extends Pick<Received, "reshape"> {
  method?: string;
  /** The user that the call names besides its query. */
  userId?: string | undefined;
}

const lead = (received: Received, path: string, { userId, ...changes }: Destination = {}): Received => ({
  ...withUser(received, userId),
  path: `/v1${path}`,
  ...changes,
});

/** A client that names no user: what it put where a session id belongs is the user. */
const namesNoUser = ({ headers: sent, query }: Received): boolean =>
  sent[headers.userId] === undefined && sent[headers.adminKey] === undefined && query.user_id === undefined;

/**
 * The table. Bare bodies of `POST /triggers/{name}?async=` are that route's own matter. These calls are not answered,
 * since nothing here is what they ask for: `POST /async/jobs` and `GET /users/identifiers`.
 */
const aliases: readonly Alias[] = [
  { method: "GET", path: "/memory/user", to: (received) => lead(received, "/memories") },
  {
    method: "POST",
    path: "/memory",
    to: (received) => lead(received, "/memories"),
  },
  {
    method: "DELETE",
    path: "/memory/{id}",
    to: (received, { id = "" }) => lead(received, `/memories/${segment(id)}`),
  },
  {
    method: "GET",
    path: "/memory/buffer/{user_id}",
    to: (received, { user_id }) => lead(received, "/memory/buffer", { userId: user_id }),
  },
  {
    method: "DELETE",
    path: "/memory/buffer/{user_id}",
    over: namesNoUser,
    to: (received, { user_id }) => lead(received, "/memory/buffer", { userId: user_id }),
  },
  {
    method: "DELETE",
    path: "/memory/buffer/{user_id}/{session_id}",
    to: (received, { user_id, session_id = "" }) =>
      lead(received, `/memory/buffer/${segment(session_id)}`, { userId: user_id }),
  },
  { method: "GET", path: "/scheduler/config", to: (received) => lead(received, "/scheduler") },
  {
    method: "PATCH",
    path: "/scheduler/jobs/{id}",
    to: (received, { id = "" }) => lead(received, `/scheduler/jobs/${segment(id)}`, { method: "PUT" }),
  },
  { method: "GET", path: "/async/jobs", to: (received) => lead(received, "/requests") },
  {
    method: "GET",
    path: "/async/jobs/{id}",
    to: (received, { id = "" }) => lead(received, `/requests/${segment(id)}`),
  },
  {
    method: "DELETE",
    path: "/async/jobs/{id}",
    to: (received, { id = "" }) => lead(received, `/requests/${segment(id)}`),
  },
  {
    method: "POST",
    path: "/secrets/{key}",
    to: (received, { key }) =>
      lead(received, "/secrets", {
        reshape: (received, body) => ({ received, body: isObject(body) ? { ...body, key } : body }),
      }),
  },
  {
    method: "GET",
    path: "/users/{identifier}/identifiers",
    to: (received, { identifier = "" }) => lead(received, `/users/identifiers/${segment(identifier)}`),
  },
  {
    method: "GET",
    path: "/users/resolve",
    over: ({ query }) => query.identifier !== undefined,
    to(received) {
      const { identifier = "", create_user } = received.query;
      if (create_user !== "true") return lead(received, `/users/${segment(identifier)}`);
      return lead(received, "/users/resolve", {
        method: "POST",
        reshape: (received) => ({ received, body: { identifier } }),
      });
    },
  },
  {
    method: "GET",
    path: "/events/{user_id}",
    over: namesNoUser,
    to: (received, { user_id }) => lead(received, "/events", { userId: user_id }),
  },
  {
    method: "GET",
    path: "/requests/{id}/stream",
    to: (received, { id = "" }) =>
      lead(received, `/events/${segment(received.query.session_id ?? "-")}/${segment(id)}`),
  },
  {
    method: "POST",
    path: "/logs/stream",
    to: (received) =>
      lead(received, "/logs", {
        method: "GET",
        reshape: (received, body) => {
          const filters = Object.entries(isObject(body) ? body : {}).flatMap(([name, value]) =>
            typeof value === "string" ? [[name, value]] : [],
          );
          const query = { ...Object.fromEntries(filters), ...received.query };
          return { received: { ...received, query }, body: undefined };
        },
      }),
  },
];

const over = createRouter<Alias>();
const otherwise = createRouter<Alias>();
for (const alias of aliases) (alias.over ? over : otherwise).add(alias.method, `/v1${alias.path}`, alias);

/** An older spelling (docs/spec/formation-api.md "Idempotency"). */
const idempotencyKey = "idempotency-key";

const withIdempotencyKey = (received: Received): Received => {
  const key = received.headers[idempotencyKey];
  if (typeof key !== "string" || received.headers[headers.idempotencyKey] !== undefined) return received;
  return { ...received, headers: { ...received.headers, [headers.idempotencyKey]: key } };
};

/** A call on a route, or the other one that an old client means by it. */
export const readAsMeant = (sent: Received): Received => {
  const received = withIdempotencyKey(sent);
  const match = over.find(received.method, received.path);
  if (!match || !("value" in match) || !match.value.over?.(received)) return received;
  return match.value.to(received, match.params);
};

/** What an old client means by a call that leads nowhere; undefined when the call is not one of theirs. */
export const redirectOldCall = (received: Received): Received | undefined => {
  const match = otherwise.find(received.method, received.path);
  return match && "value" in match ? match.value.to(received, match.params) : undefined;
};
