import { ConfigurationError } from "../errors/errors.ts";
import { optionalHeader, requireKnown } from "../http/arguments.ts";
import { checkCallOptions } from "../http/limits.ts";
import {
  type ApiCall,
  type CallOptions,
  call,
  callJson,
  type FetchInit,
  jsonInit,
  type Method,
  type StreamOptions,
  send,
} from "../http/send.ts";
import {
  createTransport,
  environment,
  requireUrl,
  type Transport,
  type TransportOptions,
  transportOptions,
} from "../http/transport.ts";
import { eventStreamOnly } from "../stream/connection.ts";
import { EventStream } from "../stream/event-stream.ts";
import { createSigner } from "./hmac.ts";
import { decodeOperation } from "./operations.ts";
import { updateHooks } from "./update-notice.ts";

/** Where the server is, and the key that manages it. */
export interface ServerClientOptions extends TransportOptions {
  /** Default: `MUXI_SERVER_URL`. */
  url?: string | undefined;
  /** Id of the key, `muxi_pk_…`. Leave both out for a server without authentication, and for `health` and `ping`. */
  keyId?: string | undefined;
  /** Its secret, `muxi_sk_…`. It signs requests and is never sent. */
  secretKey?: string | undefined;
}

/**
 * Milliseconds for calls that send a bundle or start a process (docs/spec/server-api.md
 * "Clients of the server API").
 */
export const bundleTimeout = 600_000;

/** A call to the control plane. */
export interface ServerCall extends Omit<ApiCall, "method" | "repeatable"> {
  /** Default `GET`. */
  method?: Method;
  /** Default: every method but `POST`, because the control plane does not know a repeat. */
  repeatable?: boolean;
}

/** @throws ConfigurationError with the name of the option that cannot be used. */
const prepare = ({ method = "GET", ...spec }: ServerCall, options: StreamOptions = {}): ApiCall => {
  checkCallOptions(options);
  return { repeatable: method !== "POST", ...spec, method };
};

/** A call with JSON, a body of its own or nothing to send. */
const anyInit = (spec: ApiCall, headers: Record<string, string>): FetchInit => {
  const init = jsonInit(spec, headers);
  if (spec.body === undefined) return init;
  const body = spec.body();
  return {
    ...init,
    body,
    duplex: "half",
    // A stream cannot be sent again to where a redirect points. Node's fetch keeps all of it in memory for that,
    // unless both of these say that there is no need.
    ...(body instanceof ReadableStream && { redirect: "error", window: null }),
  };
};

/** What the calls to the control plane stand on: the address and the signature. */
export class ServerCaller {
  /** Where the calls go. */
  readonly baseUrl: string;
  readonly #open: Transport;
  readonly #signed: Transport;

  /** @throws ConfigurationError with the name of the option that cannot be used. */
  constructor(options: ServerClientOptions = {}) {
    requireKnown(options, ["url", "keyId", "secretKey", ...transportOptions]);
    const { url = environment("MUXI_SERVER_URL") } = options;
    if (url === undefined) throw new ConfigurationError("url", "is needed: pass it or set MUXI_SERVER_URL");
    this.baseUrl = requireUrl("url", url);
    const keyId = optionalHeader("keyId", options.keyId);
    const secretKey = optionalHeader("secretKey", options.secretKey);
    const transport = createTransport(this.baseUrl, options, environment);
    const hooks = [...transport.hooks, ...updateHooks(environment)];
    this.#open = { ...transport, hooks, init: anyInit, errorIsCode: true };
    this.#signed = this.#open;
    if (keyId === undefined && secretKey === undefined) return;
    if (keyId === undefined) throw new ConfigurationError("keyId", "is needed beside secretKey");
    if (secretKey === undefined) throw new ConfigurationError("secretKey", "is needed beside keyId");
    const signer = createSigner(keyId, secretKey);
    const { pathname } = new URL(this.baseUrl);
    const prefix = pathname === "/" ? "" : pathname;
    this.#signed = {
      ...this.#open,
      async init(spec, headers) {
        const authorization = await signer.authorization(spec.method, prefix + spec.path, Date.now());
        return anyInit(spec, { ...headers, authorization });
      },
    };
  }

  protected call<Data>(spec: ServerCall, options?: CallOptions): Promise<Data> {
    return callJson<Data>(this.#signed, prepare(spec, options), options);
  }

  /** A call whose answer is text. */
  protected callText(spec: ServerCall, options?: CallOptions): Promise<string> {
    return call(this.#signed, prepare(spec, options), options, (response) => response.text());
  }

  /** A call whose answer is a file. */
  protected callBytes(spec: ServerCall, options?: CallOptions): Promise<Uint8Array> {
    return call(
      this.#signed,
      prepare(spec, options),
      options,
      async (response) => new Uint8Array(await response.arrayBuffer()),
    );
  }

  /** A call without a signature, whose answer is JSON unless `read` takes it otherwise. */
  protected callOpen<Data>(
    path: string,
    options: CallOptions | undefined,
    read?: (response: Response) => Promise<Data>,
  ): Promise<Data> {
    const spec = prepare({ path }, options);
    return read ? call(this.#open, spec, options, read) : callJson<Data>(this.#open, spec, options);
  }

  /**
   * A call whose answer is a stream of named events. Leaving it closes the connection; the server goes on with what it
   * does (docs/spec/server-api.md "Errors before and in a stream").
   *
   * @param last Name of the event that ends the stream, or undefined when only the server's closing does.
   */
  protected stream<Event extends { event: string }>(
    spec: ServerCall | (() => Promise<ServerCall>),
    last: Event["event"] | undefined,
    options: StreamOptions,
  ): EventStream<Event> {
    checkCallOptions(options);
    return new EventStream<Event>(
      {
        connect: async (lifetime) => {
          const prepared = prepare(typeof spec === "function" ? await spec() : spec);
          const headers = { ...prepared.headers, accept: "text/event-stream" };
          return send(this.#signed, { ...prepared, headers }, options, lifetime, eventStreamOnly);
        },
        decode: decodeOperation<Event>,
        isLast: ({ event }) => event === last,
        endless: last === undefined,
        canResume: () => false,
        stop: () => Promise.resolve(),
      },
      {
        idle: { timeout: options.idleTimeout ?? this.#open.idleTimeout, afterKeepAlive: true },
        // The headers come only after a bundle was received.
        timeout: options.timeout ?? bundleTimeout,
        signal: options.signal,
        after: 0,
      },
    );
  }
}
