/** A transport for Node: connections that are kept and shared, the environment's proxies, and less work per call. */
import { Readable } from "node:stream";
import { ConfigurationError, type FetchInit } from "muxi-client";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { ResponseHandler } from "./node/response-handler.ts";

/** URLs of proxies, and the hosts that are reached without one. */
export interface ProxySettings {
  /** For `http://` addresses. */
  http?: string | undefined;
  /** For `https://` addresses. */
  https?: string | undefined;
  /** Hosts separated by commas, as in `NO_PROXY`. */
  no?: string | undefined;
}

/** How many connections there are, for how long, and over which proxies. */
export interface NodeTransportOptions {
  /** Most connections to one server; calls beyond it wait. A stream takes one until it ends. Default: no limit. */
  connections?: number | undefined;
  /** Milliseconds that an idle connection is kept, where the server does not say less. Default 4,000. */
  keepAlive?: number | undefined;
  /** Default: what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, in capitals or not. `false`: no proxy. */
  proxy?: ProxySettings | false | undefined;
}

/** What `createNodeTransport` makes: a function for the option `fetch`. */
export interface NodeTransport extends AsyncDisposable {
  (url: string, init: FetchInit): Promise<Response>;
  /** Waits for the calls under way, then closes all connections. A program need not call it to end. */
  close(): Promise<void>;
}

const requireProxy = (proxy: string): string => {
  // Without repeating it: the URL of a proxy often holds a password.
  if (proxy === "" || (/^https?:/i.test(proxy) && URL.canParse(proxy))) return proxy;
  throw new ConfigurationError("proxy", "must be a URL such as http://proxy.example.org:3128");
};

const proxiesOf = (env: NodeJS.ProcessEnv): ProxySettings => ({
  http: env.http_proxy ?? env.HTTP_PROXY,
  https: env.https_proxy ?? env.HTTPS_PROXY,
  no: env.no_proxy ?? env.NO_PROXY,
});

/** The body as undici takes it. */
const bodyOf = (body: FetchInit["body"]): { body?: string | Readable; length?: number } => {
  if (body === undefined) return {};
  if (typeof body === "string") return { body };
  if (body instanceof Blob) return { body: Readable.from(body.stream()), length: body.size };
  return { body: Readable.from(body) };
};

const requestOf = (
  url: string,
  { method = "GET", headers = {}, body }: FetchInit,
): Dispatcher.DispatchOptions => {
  const { origin, pathname, search } = new URL(url);
  const { length, ...content } = bodyOf(body);
  return {
    origin,
    path: pathname + search,
    method,
    headers: length === undefined ? headers : { ...headers, "content-length": String(length) },
    ...content,
  };
};

/**
 * Makes a transport over undici, which has to be installed beside this package. It shares kept connections between
 * all calls of all clients it is given to, and answers at a fraction of what the global `fetch` costs. When a kept
 * connection turns out to be dead before any answer, a call that may be repeated is sent once more, on its own and
 * beside `maxRetries`. Redirects are not followed.
 *
 * @throws ConfigurationError with the name of the option that cannot be used.
 * @example
 * const formation = new FormationClient({ url: "http://localhost:8001", fetch: createNodeTransport() });
 */
export const createNodeTransport = (options: NodeTransportOptions = {}): NodeTransport => {
  const { connections, keepAlive = 4_000, proxy = proxiesOf(process.env) } = options;
  if (connections !== undefined && !(Number.isInteger(connections) && connections > 0)) {
    throw new ConfigurationError("connections", "must be a whole number, 1 or more");
  }
  if (!(Number.isFinite(keepAlive) && keepAlive > 0)) {
    throw new ConfigurationError("keepAlive", "must be milliseconds, more than 0");
  }

  /** Failures of connections that have carried an answer before: the server may have closed them while idle. */
  const failuresOfKept = new WeakSet<object>();
  const open = buildConnector({ allowH2: false });
  const settings = {
    ...(connections !== undefined && { connections }),
    keepAliveTimeout: keepAlive,
    // The client has deadlines of its own, and a stream may be silent for as long as they allow.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: ((target, done) =>
      open(target, (...[failure, socket]) => {
        if (failure) return done(failure, null);
        socket.once("error", (error) => {
          if (socket.bytesRead > 0) failuresOfKept.add(error);
        });
        done(null, socket);
      })) satisfies buildConnector.connector,
  };
  const { http = "", https = "", no = "" } = proxy === false ? {} : proxy;
  const dispatcher =
    http === "" && https === ""
      ? new Agent(settings)
      : new EnvHttpProxyAgent({
          ...settings,
          httpProxy: requireProxy(http),
          httpsProxy: requireProxy(https),
          noProxy: no,
          proxyTunnel: false,
        });

  const send = (url: string, init: FetchInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      dispatcher.dispatch(requestOf(url, init), new ResponseHandler(url, init.signal, resolve, reject));
    });

  const transport = async (url: string, init: FetchInit): Promise<Response> => {
    try {
      return await send(url, init);
    } catch (error) {
      const dead = typeof error === "object" && error !== null && failuresOfKept.has(error);
      if (dead && init.repeatable) return send(url, init);
      throw error;
    }
  };
  const close = () => dispatcher.close();
  return Object.assign(transport, { close, [Symbol.asyncDispose]: close });
};
