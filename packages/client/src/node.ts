/** A transport for Node: persistent shared connections, the environment's proxies, and less overhead per call. */
import { Readable } from "node:stream";
import { ConfigurationError, type FetchInit } from "muxi-client";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { isObject } from "./http/index.ts";
import { ResponseHandler } from "./node/index.ts";

/** URLs of proxies, and hosts that are reached without one. */
export interface ProxySettings {
  /** For `http://` addresses. */
  http?: string | undefined;
  /** For `https://` addresses. */
  https?: string | undefined;
  /** Hosts separated by commas, as in `NO_PROXY`. */
  no?: string | undefined;
}

/** How connections are made and kept. */
export interface NodeTransportOptions {
  /**
   * Maximum number of connections to one server. Further calls wait. A stream uses one until it ends. Default: no
   * limit.
   */
  connections?: number | undefined;
  /** Milliseconds that an idle connection is kept, unless the server asks for less. Default 4,000. */
  keepAlive?: number | undefined;
  /**
   * Default: the values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in upper or lower case. `false`: no proxy.
   */
  proxy?: ProxySettings | false | undefined;
}

/** A function for the option `fetch` of a client. */
export interface NodeTransport extends AsyncDisposable {
  (url: string, init: FetchInit): Promise<Response>;
  /** Waits for calls in progress, then closes all connections. A program can exit without calling it. */
  close(): Promise<void>;
}

const requireProxy = (proxy: string): string => {
  // The message does not repeat the URL, which often contains a password.
  if (proxy === "" || (/^https?:/i.test(proxy) && URL.canParse(proxy))) return proxy;
  throw new ConfigurationError("proxy", "must be a URL such as http://proxy.example.org:3128");
};

const proxiesOf = (env: NodeJS.ProcessEnv): ProxySettings => ({
  http: env.http_proxy ?? env.HTTP_PROXY,
  https: env.https_proxy ?? env.HTTPS_PROXY,
  no: env.no_proxy ?? env.NO_PROXY,
});

/** The body as undici expects it. */
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
 * Creates a transport that uses undici, which must be installed beside this package. All clients that are given the
 * same transport share its persistent connections, and calls cost a fraction of what the global `fetch` costs. When a
 * persistent connection turns out to be closed before a response has arrived, a call that can be repeated is sent once
 * more, independently of `maxRetries`. Redirects are not followed.
 *
 * @throws ConfigurationError with the name of the option that cannot be used.
 * @example
 * const formation = new FormationClient({ url: "http://localhost:8001", fetch: createNodeTransport() });
 */
export const createNodeTransport = (options: NodeTransportOptions = {}): NodeTransport => {
  const { connections, keepAlive = 4_000, proxy = proxiesOf(process.env) } = options;
  if (connections !== undefined && !(Number.isInteger(connections) && connections > 0)) {
    throw new ConfigurationError("connections", "must be an integer of at least 1");
  }
  if (!(Number.isFinite(keepAlive) && keepAlive > 0)) {
    throw new ConfigurationError("keepAlive", "must be a number of milliseconds greater than 0");
  }

  /** Errors of connections that were used before: the server may have closed them while they were idle. */
  const errorsOfUsed = new WeakSet<object>();
  const open = buildConnector({ allowH2: false });
  const settings = {
    ...(connections !== undefined && { connections }),
    keepAliveTimeout: keepAlive,
    // The client has its own timeouts, and a stream may be silent as long as those allow.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: ((target, done) =>
      open(target, (...[failure, socket]) => {
        if (failure) return done(failure, null);
        socket.once("error", (error) => {
          if (socket.bytesRead > 0) errorsOfUsed.add(error);
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
      const dead = isObject(error) && errorsOfUsed.has(error);
      if (dead && init.repeatable) return send(url, init);
      throw error;
    }
  };
  const close = () => dispatcher.close();
  return Object.assign(transport, { close, [Symbol.asyncDispose]: close });
};
