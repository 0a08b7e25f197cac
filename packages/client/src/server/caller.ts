import { ConfigurationError } from "../errors/index.ts";
import {
  type ApiCall,
  type CallOptions,
  call,
  callJson,
  checkCallOptions,
  createTransport,
  environment,
  type FetchInit,
  jsonInit,
  limitsOf,
  type Method,
  optionalHeader,
  type Query,
  queryString,
  requireKnown,
  requireUrl,
  type StreamOptions,
  send,
  type Transport,
  type TransportOptions,
  transportOptions,
} from "../http/index.ts";
import { EventStream, eventStreamOnly } from "../stream/index.ts";
import { createSigner } from "./hmac.ts";
import { decodeOperation } from "./operations.ts";
import { updateHooks } from "./update-notice.ts";

/** Where the server is, and the key for managing it. */
export interface ServerClientOptions extends TransportOptions {
  /** Address of the server. Default: `MUXI_SERVER_URL`. */
  url?: string | undefined;
  /** Id of the key, `muxi_pk_…`. Not needed for a server without authentication, nor for `health` and `ping`. */
  keyId?: string | undefined;
  /** Secret of the key, `muxi_sk_…`. It signs requests and is never sent. */
  secretKey?: string | undefined;
}

/**
 * Milliseconds for calls that send a bundle or start a process (docs/spec/server-api.md
 * "Clients of the server API").
 */
export const bundleTimeout = 600_000;

/** A call of the server API. */
export interface ServerCall extends Omit<ApiCall, "method" | "repeatable" | "search"> {
  /** Default `GET`. */
  method?: Method;
  /** Query parameters. */
  query?: Query | undefined;
  /** Default: every method but `POST`, because the server API does not recognize repeats. */
  repeatable?: boolean;
}

/** @throws ConfigurationError with the name of the option that cannot be used. */
const prepare = ({ method = "GET", query, ...spec }: ServerCall, options: StreamOptions = {}): ApiCall => {
  checkCallOptions(options);
  return { repeatable: method !== "POST", ...spec, method, search: queryString(query) };
};

/** The request of a call whose body is JSON, a bundle, or empty. */
const anyInit = (spec: ApiCall, headers: Record<string, string>): FetchInit => {
  const init = jsonInit(spec, headers);
  if (spec.body === undefined) return init;
  const body = spec.body();
  return {
    ...init,
    body,
    duplex: "half",
    // Node's fetch buffers a whole stream in order to send it again after a redirect, unless both of these are set.
    ...(body instanceof ReadableStream && { redirect: "error", window: null }),
  };
};

/** Sends calls of the server API. */
export interface ServerCaller {
  /** Sends a call and gives the data of its response. */
  data<Data>(spec: ServerCall, options?: CallOptions): Promise<Data>;
  /** Sends a call and gives what `read` takes from its response. It is told how many bytes to read at most. */
  read<Value>(
    spec: ServerCall,
    options: CallOptions | undefined,
    read: (response: Response, most: number) => Promise<Value>,
  ): Promise<Value>;
  /**
   * Opens a stream of named events. Leaving it closes the connection; the server completes the operation
   * (docs/spec/server-api.md "Errors before and in a stream").
   *
   * @param last Name of the last event. Undefined when the stream goes on until the server closes it.
   */
  stream<Event extends { event: string }>(
    spec: ServerCall | (() => Promise<ServerCall>),
    last: Event["event"] | undefined,
    options: StreamOptions,
  ): EventStream<Event>;
}

const callerOver = (transport: Transport): ServerCaller => ({
  data: async <Data>(spec: ServerCall, options?: CallOptions) =>
    callJson<Data>(transport, prepare(spec, options), options),
  read: async (spec, options, read) => call(transport, prepare(spec, options), options, read),
  stream<Event extends { event: string }>(
    spec: ServerCall | (() => Promise<ServerCall>),
    last: Event["event"] | undefined,
    options: StreamOptions,
  ) {
    checkCallOptions(options);
    return new EventStream<Event>(
      {
        connect: async (lifetime) => {
          const prepared = prepare(typeof spec === "function" ? await spec() : spec);
          const headers = { ...prepared.headers, accept: "text/event-stream" };
          return send(transport, { ...prepared, headers }, options, lifetime, eventStreamOnly);
        },
        decode: decodeOperation<Event>,
        isLast: ({ event }) => event === last,
        endless: last === undefined,
        canResume: () => false,
        stop: () => Promise.resolve(),
      },
      {
        // The headers arrive only after the whole bundle was received.
        ...limitsOf(options, { ...transport, timeout: bundleTimeout }),
        signal: options.signal,
        afterKeepAlive: true,
        after: 0,
      },
    );
  },
});

/** How a client reaches its server. */
export interface ServerCallers {
  baseUrl: string;
  /** For calls without authentication. */
  open: ServerCaller;
  /** Signs its calls, if there is a key. */
  signed: ServerCaller;
}

/** @throws ConfigurationError with the name of the option that cannot be used. */
export const createServerCallers = (options: ServerClientOptions): ServerCallers => {
  requireKnown(options, ["url", "keyId", "secretKey", ...transportOptions]);
  const { url = environment("MUXI_SERVER_URL") } = options;
  if (url === undefined) throw new ConfigurationError("url", "is needed: pass it or set MUXI_SERVER_URL");
  const baseUrl = requireUrl("url", url);
  const keyId = optionalHeader("keyId", options.keyId);
  const secretKey = optionalHeader("secretKey", options.secretKey);
  const transport = createTransport(baseUrl, options);
  const hooks = [...transport.hooks, ...updateHooks()];
  const open: Transport = { ...transport, hooks, init: anyInit, flat: true };
  if (keyId === undefined && secretKey === undefined)
    return { baseUrl, open: callerOver(open), signed: callerOver(open) };
  if (keyId === undefined) throw new ConfigurationError("keyId", "is needed together with secretKey");
  if (secretKey === undefined) throw new ConfigurationError("secretKey", "is needed together with keyId");
  const signer = createSigner(keyId, secretKey);
  const { pathname } = new URL(baseUrl);
  const prefix = pathname === "/" ? "" : pathname;
  const signed: Transport = {
    ...open,
    async init(spec, headers) {
      const authorization = await signer.authorization(spec.method, prefix + spec.path, Date.now());
      return anyInit(spec, { ...headers, authorization });
    },
  };
  return { baseUrl, open: callerOver(open), signed: callerOver(signed) };
};
