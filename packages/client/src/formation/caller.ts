import { ConfigurationError } from "../errors/index.ts";
import {
  type ApiCall,
  type CallOptions,
  call,
  callJson,
  checkCallOptions,
  type Lifetime,
  type Method,
  optionalHeader,
  type Query,
  queryString,
  type Result,
  send,
  type Transport,
} from "../http/index.ts";
import { eventStreamOnly } from "../stream/index.ts";
import { type FormationClientOptions, resolveConfig } from "./config.ts";

/** Seconds after which the server ends an answer (docs/spec/formation-api.md "Limits"). */
export const longestAnswer = 600;

/** A call of the Formation API. */
export interface FormationCall {
  /** Default `GET`. */
  method?: Method | undefined;
  /** Path below the base URL, already encoded. */
  path: string;
  /** Which key opens the endpoint (docs/spec/formation-api.md "Keys"). */
  key: "none" | "client" | "admin" | "either";
  /**
   * What the endpoint uses the user for (docs/spec/formation-api.md "Users"). `"filter"`: required with the client key,
   * an optional filter with the admin key. Default `"none"`.
   */
  user?: "none" | "optional" | "required" | "filter" | undefined;
  /** The user. Default: the client's own `userId`. */
  userId?: string | undefined;
  /** Query parameters. */
  query?: Query | undefined;
  /** A value to send as JSON. */
  json?: unknown;
  /** Whether the call can be repeated safely. Default: every method but `POST`. */
  repeatable?: boolean | undefined;
}

/** A call whose query is a text. Chats have none, and need nothing that makes it one. */
export interface PlainCall extends Omit<FormationCall, "query"> {
  /** Query string, question mark included. */
  search?: string;
}

/** Names the user that a call is for. */
export interface ForUser {
  /** The user. Default: the client's own `userId`. */
  userId?: string | undefined;
}

/** Opens a stream: sends its call and resolves with the response, its body unread. */
export type Opener = (lifetime: Lifetime, headers?: Record<string, string>) => Promise<Response>;

/** What all methods of a client have in common: address, keys and user. */
export interface Caller {
  /** Where and how calls are sent. */
  readonly transport: Transport;
  /** The user of calls that do not name one. */
  readonly userId: string | undefined;
  /** Milliseconds for a call that waits for an answer of a model. */
  readonly answerTimeout: number;
  /** Adds key and user to a call. Throws ConfigurationError when one is missing or an option cannot be used. */
  prepare(spec: PlainCall, options: CallOptions | undefined): ApiCall;
}

/** @throws ConfigurationError with the name of the option that cannot be used. */
export const createCaller = (clientOptions: FormationClientOptions): Caller => {
  const { transport, keys, userId: ownUser } = resolveConfig(clientOptions);

  /** The one key that the endpoint needs, and the user. */
  const identify = (call: string, { key, user = "none", userId }: PlainCall): Record<string, string> => {
    const owner = user === "none" ? undefined : (optionalHeader("userId", userId) ?? ownUser);
    const headers = owner ? { "x-muxi-user-id": owner } : undefined;
    if (key === "none") return { ...headers };

    const everyone = user === "filter" && !owner;
    const either = key === "either" && keys.admin && (!keys.client || everyone);
    const kind = key === "admin" || either ? "admin" : "client";
    const chosen = keys[kind];
    const needed = `is needed for ${call}: pass it or`;
    if (!chosen) throw new ConfigurationError(`${kind}Key`, `${needed} set MUXI_${kind.toUpperCase()}_KEY`);
    if (!owner && (user === "required" || (everyone && kind === "client")))
      throw new ConfigurationError("userId", `${needed} use as(userId)`);
    return { ...headers, [`x-muxi-${kind}-key`]: chosen };
  };

  return {
    transport,
    userId: ownUser,
    answerTimeout: clientOptions.timeout ?? longestAnswer * 1000 + 10_000,
    prepare(spec, options = {}) {
      checkCallOptions(options);
      const { method = "GET", path, repeatable = method !== "POST" } = spec;
      return { ...spec, method, repeatable, headers: identify(`${method} ${path}`, spec) };
    },
  };
};

/** A call with its query as a text. */
export const withSearch = ({ query, ...spec }: FormationCall): PlainCall => ({
  ...spec,
  search: queryString(query),
});

/** Sends a call and gives the data of its response. */
export const dataOf = async <Data>(
  { transport, prepare }: Caller,
  spec: PlainCall,
  options?: CallOptions,
): Promise<Result<Data>> => callJson<Result<Data>>(transport, prepare(spec, options), options);

/** Sends a call and gives the successful response, its body unread. Timeout and signal apply until its headers. */
export const responseOf = async (
  { transport, prepare }: Caller,
  spec: FormationCall,
  options?: CallOptions,
): Promise<Response> =>
  call(transport, prepare(withSearch(spec), options), options, (response) => Promise.resolve(response));

/**
 * Makes the function that opens an event stream. What is wrong with the arguments is thrown before it is called.
 */
export const createOpener = (
  { transport, prepare }: Caller,
  spec: PlainCall,
  options: CallOptions,
): Opener => {
  const prepared = prepare(spec, options);
  return (lifetime, headers) => {
    const withHeaders = {
      ...prepared,
      headers: { ...prepared.headers, accept: "text/event-stream", ...headers },
    };
    return send(transport, withHeaders, options, lifetime, eventStreamOnly);
  };
};
