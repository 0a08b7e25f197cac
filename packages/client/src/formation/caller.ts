import { ConfigurationError } from "../errors/errors.ts";
import { headerValue, type Query } from "../http/arguments.ts";
import type { Lifetime } from "../http/lifetime.ts";
import {
  type ApiCall,
  type CallOptions,
  call,
  callJson,
  type Method,
  type StreamOptions,
  send,
} from "../http/send.ts";
import { environment } from "../http/transport.ts";
import type { Result } from "../http/unwrap.ts";
import { eventStreamOnly } from "../stream/connection.ts";
import type { StreamSettings } from "../stream/event-stream.ts";
import { type FormationClientOptions, type FormationConfig, resolveConfig } from "./config.ts";

/** A call to the Formation API. */
export interface FormationCall {
  /** Default `GET`. */
  method?: Method;
  /** Encoded path below the base URL. */
  path: string;
  /** Which key opens the endpoint (docs/spec/formation-api.md "Keys"). */
  key: "none" | "client" | "admin" | "either";
  /**
   * What the user means to the endpoint (docs/spec/formation-api.md "Users"). `"filter"`: required with the
   * client key, with the admin key an optional filter. Default `"none"`.
   */
  user?: "none" | "optional" | "required" | "filter";
  userId?: string | undefined;
  query?: Query;
  /** A value to send as JSON. */
  json?: unknown;
  /** Whether the server keeps the idempotency key of this call. Default: every method but `POST` can be repeated. */
  repeatable?: boolean;
}

/** Names the user that a call is for; the client's own `userId` counts when it is left out. */
export interface ForUser {
  userId?: string | undefined;
}

/** Sends the call of a stream and gives the response, its body unread. */
export type Opener = (lifetime: Lifetime, headers?: Record<string, string>) => Promise<Response>;

/** What all groups of calls stand on: the address, the keys, the user. */
export class FormationCaller {
  /** Where the calls go. */
  readonly baseUrl: string;
  readonly #config: FormationConfig;

  /** @throws ConfigurationError with the name of the option that cannot be used. */
  constructor(options: FormationClientOptions = {}) {
    this.#config = resolveConfig(options, environment());
    this.baseUrl = this.#config.transport.baseUrl;
  }

  /**
   * A call that has no method of its own, with the keys, retries and errors of the others.
   *
   * @returns The response of a success, its body unread. The timeout and the signal hold until its headers.
   */
  async request(spec: FormationCall, options: CallOptions = {}): Promise<Response> {
    return call(this.#config.transport, this.#prepare(spec), options, (response) =>
      Promise.resolve(response),
    );
  }

  /** The user of calls that do not name one. */
  protected get userId(): string | undefined {
    return this.#config.userId;
  }

  protected async call<Data>(spec: FormationCall, options?: CallOptions): Promise<Result<Data>> {
    return callJson<Result<Data>>(this.#config.transport, this.#prepare(spec), options);
  }

  /** A function that opens an event stream. What is wrong with the arguments is thrown here, before it is called. */
  protected opener(spec: FormationCall, options: CallOptions): Opener {
    const prepared = this.#prepare(spec);
    return (lifetime, headers = {}) => {
      const withHeaders = {
        ...prepared,
        headers: { ...prepared.headers, accept: "text/event-stream", ...headers },
      };
      return send(this.#config.transport, withHeaders, options, lifetime, eventStreamOnly);
    };
  }

  protected streamSettings(options: StreamOptions, afterKeepAlive: boolean, after = 0): StreamSettings {
    const { timeout, idleTimeout } = this.#config.transport;
    return {
      idle: { timeout: options.idleTimeout ?? idleTimeout, afterKeepAlive },
      timeout: options.timeout ?? timeout,
      signal: options.signal,
      after,
    };
  }

  #prepare(spec: FormationCall): ApiCall {
    const { method = "GET", path, query, json } = spec;
    return {
      method,
      path,
      query,
      headers: this.#identify(spec),
      repeatable: spec.repeatable ?? method !== "POST",
      json,
    };
  }

  /** The one key that the endpoint needs, and the user. */
  #identify({ method = "GET", path, key, user = "none", userId }: FormationCall): Record<string, string> {
    const { clientKey, adminKey } = this.#config;
    const asked = userId === undefined ? this.#config.userId : headerValue("userId", userId);
    const owner = user === "none" ? undefined : asked;
    const headers: Record<string, string> = {};
    if (owner !== undefined) headers["x-muxi-user-id"] = owner;
    if (key === "none") return headers;

    const everyone = user === "filter" && owner === undefined;
    const either = key === "either" && adminKey !== undefined && (clientKey === undefined || everyone);
    const admin = key === "admin" || either;
    const kind = admin ? "admin" : "client";
    const chosen = this.#config[`${kind}Key`];
    if (chosen === undefined) {
      const variable = `MUXI_${kind.toUpperCase()}_KEY`;
      throw new ConfigurationError(
        `${kind}Key`,
        `is needed for ${method} ${path}: pass it or set ${variable}`,
      );
    }
    if (owner === undefined && (user === "required" || (user === "filter" && !admin))) {
      throw new ConfigurationError("userId", `is needed for ${method} ${path}: pass it or use as(userId)`);
    }
    headers[`x-muxi-${kind}-key`] = chosen;
    return headers;
  }
}
