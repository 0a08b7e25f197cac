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

/** Sends calls to the control plane. */
export interface ServerCaller {
  /** The data of an answer. */
  data<Data>(spec: ServerCall, options?: CallOptions): Promise<Data>;
  /** What `read` takes from an answer that is not JSON. */
  read<Value>(
    spec: ServerCall,
    options: CallOptions | undefined,
    read: (response: Response) => Promise<Value>,
  ): Promise<Value>;
  /**
   * The named events of a stream. Leaving it closes the connection; the server goes on with what it does
   * (docs/spec/server-api.md "Errors before and in a stream").
   *
   * @param last Name of the event that ends the stream, or undefined when only the server's closing does.
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
        idle: { timeout: options.idleTimeout ?? transport.idleTimeout, afterKeepAlive: true },
        // The headers come only after a bundle was received.
        timeout: options.timeout ?? bundleTimeout,
        signal: options.signal,
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
  /** Signs what it sends, if there is a key. */
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
  const transport = createTransport(baseUrl, options, environment);
  const hooks = [...transport.hooks, ...updateHooks(environment)];
  const open: Transport = { ...transport, hooks, init: anyInit, errorIsCode: true };
  if (keyId === undefined && secretKey === undefined)
    return { baseUrl, open: callerOver(open), signed: callerOver(open) };
  if (keyId === undefined) throw new ConfigurationError("keyId", "is needed beside secretKey");
  if (secretKey === undefined) throw new ConfigurationError("secretKey", "is needed beside keyId");
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
