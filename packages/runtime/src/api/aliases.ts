import { headers, isObject } from "@muxi/protocol";

import { createRouter } from "../http/index.ts";
import type { Received } from "./received.ts";

type Params = Readonly<Record<string, string>>;

/**
 * A call of a published SDK that matches no route, or a route other than the one it wants
 * (docs/spec/formation-api.md "Aliases for older clients").
 */
interface Alias {
  method: string;
  path: string;
  /** Whether the alias applies although a route has this path. Without it, routes win. */
  over?: (received: Received) => boolean;
  /** The request that the call stands for. */
  to: (received: Received, params: Params) => Received;
}

const segment = encodeURIComponent;

/** Sets the user's header unless the caller sent one. */
const withUser = (received: Received, userId: string | undefined): Received =>
  userId && received.headers[headers.userId] === undefined
    ? { ...received, headers: { ...received.headers, [headers.userId]: userId } }
    : received;

interface Destination extends Pick<Received, "reshape"> {
  method?: string;
  /** The user that the call names outside its query. */
  userId?: string | undefined;
}

const lead = (received: Received, path: string, { userId, ...changes }: Destination = {}): Received => ({
  ...withUser(received, userId),
  path: `/v1${path}`,
  ...changes,
});

/** Whether a client names no user. It puts the user where the session id belongs. */
const namesNoUser = ({ headers: sent, query }: Received): boolean =>
  sent[headers.userId] === undefined && sent[headers.adminKey] === undefined && query.user_id === undefined;

/**
 * All aliases. The route of `POST /triggers/{name}?async=` reads bare bodies itself. `POST /async/jobs` has
 * no alias, since no route does what it asks for.
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
    // Their `set_secret` changes a secret that there is.
    to: (received, { key = "" }) => lead(received, `/secrets/${segment(key)}`, { method: "PUT" }),
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

/** Replaces a call whose path is a route's own where an old client means another route. */
export const readAsMeant = (sent: Received): Received => {
  const received = withIdempotencyKey(sent);
  const match = over.find(received.method, received.path);
  if (!match || !("value" in match) || !match.value.over?.(received)) return received;
  return match.value.to(received, match.params);
};

/** Translates an old client's call that matches no route; undefined when no alias matches either. */
export const redirectOldCall = (received: Received): Received | undefined => {
  const match = otherwise.find(received.method, received.path);
  return match && "value" in match ? match.value.to(received, match.params) : undefined;
};
