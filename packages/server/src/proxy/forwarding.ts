import { STATUS_CODES } from "node:http";
import type { BlockList, Socket } from "node:net";
import { headers as names, type ServerErrorBody } from "@muxi/protocol";
import { isForeignHost, isTrusted, peerAddress } from "../auth/index.ts";
import { corsHeaders } from "../base/cors.ts";
import type { Log } from "../logs/index.ts";
import type { Measurement, Metrics } from "../metrics/index.ts";
import type { Backends } from "./backends.ts";
import { isPreflight, pageHeaders, permissions } from "./cors.ts";
import {
  forwardedHeaders,
  hasHeader,
  isSecure,
  ownHeaders,
  type Peer,
  type SortedHeaders,
  sortHeaders,
  usableRequestId,
} from "./headers.ts";
import { isFormationId, isMcp, type ProxyKind, type ProxyTarget } from "./target.ts";

export interface Upstream {
  port: number;
  status: string;
}

export interface ForwarderOptions {
  /** The process that serves a formation; undefined if there is no formation with this id. */
  find: (kind: ProxyKind, formationId: string) => Upstream | undefined;
  backends: Backends;
  trustedProxies: BlockList;
  /** Whether only this machine reaches the server. */
  isLocal: boolean;
  metrics: Metrics;
  log: Log;
}

/** A request to a formation, whichever way it was read. */
export interface ProxiedRequest {
  target: ProxyTarget;
  method: string;
  /** Alternating names and values, as they were sent. */
  rawHeaders: readonly string[];
  /** Values of the `Connection` and `Upgrade` headers. */
  connection?: string | undefined;
  upgrade?: string | undefined;
  socket: Socket;
  /** The request's id, if it already has one. Default: the client's, or a new one. */
  requestId?: string;
}

/** A response of the server's own, in place of a formation's. */
export interface LocalResponse {
  kind: "local";
  requestId: string;
  status: number;
  reason: string;
  /** Alternating names and values. */
  headers: readonly string[];
  body: string;
}

const corsEntries = Object.entries(corsHeaders);

/** As in nginx: the client disconnected before there was a response. */
export const clientLeft = 499;

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** @param own Headers besides those of the body: alternating names and values. */
const localResponse = (
  requestId: string,
  own: readonly string[],
  status: number,
  error: string,
  message: string,
  details: Pick<ServerErrorBody, "formation_status"> = {},
): LocalResponse => {
  const content: ServerErrorBody = { error, message, code: status, ...details };
  const body = JSON.stringify(content);
  const type = ["content-type", "application/json; charset=utf-8"];
  const length = ["content-length", String(Buffer.byteLength(body))];
  const headers = [...type, ...length, ...own];
  return { kind: "local", requestId, status, reason: STATUS_CODES[status] ?? "", headers, body };
};

const preflightResponse = (requestId: string, headers: readonly string[]): LocalResponse => ({
  kind: "local",
  requestId,
  status: 204,
  reason: "No Content",
  headers,
  body: "",
});

/**
 * A request on its way to a formation: decides what is sent, what the client gets, whether the request is retried,
 * and how it is counted. A carrier moves the bytes.
 */
export class Forwarding {
  readonly kind = "forwarded";
  readonly requestId: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** Headers for the formation, without the host: alternating names and values. */
  readonly headers: string[];
  readonly #formationId: string;
  readonly #own: readonly string[];
  readonly #seen: SortedHeaders["seen"];
  readonly #measurement: Measurement;
  readonly #leave: () => void;
  readonly #log: Log;
  #status = clientLeft;
  #hasBegun = false;
  #isBroken = false;
  #isRepeated = false;

  constructor(
    { backends, metrics, log }: ForwarderOptions,
    { target, method }: ProxiedRequest,
    sent: {
      requestId: string;
      port: number;
      headers: string[];
      own: readonly string[];
      seen: SortedHeaders["seen"];
    },
  ) {
    this.requestId = sent.requestId;
    this.port = sent.port;
    this.method = method;
    this.path = target.path;
    this.headers = sent.headers;
    this.#formationId = target.formationId;
    this.#own = sent.own;
    this.#seen = sent.seen;
    this.#measurement = metrics.begin(target.formationId, target.kind);
    this.#leave = backends.enter(sent.port);
    this.#log = log;
  }

  /** Status of the response; 499 as long as there is none. */
  get status(): number {
    return this.#status;
  }

  /**
   * The formation has started to respond.
   *
   * @param received Its headers, with names in lower case, without hop-by-hop headers.
   * @returns The headers for the client: alternating names and values.
   */
  begin(status: number, received: readonly (readonly [name: string, value: string])[]): string[] {
    this.#status = status;
    this.#hasBegun = true;
    const headers: string[] = [];
    // What a page may read, its formation decides.
    let isDecided = this.#seen.has("origin");
    let isStream = false;
    for (const [name, value] of received) {
      if (hasHeader(this.#own, name)) continue;
      if (name === "access-control-allow-origin") isDecided = true;
      else if (name === "content-type") isStream = value.startsWith("text/event-stream");
      headers.push(name, value);
    }
    for (const [name, value] of isDecided ? [] : corsEntries) {
      if (!hasHeader(headers, name)) headers.push(name, value);
    }
    headers.push(...this.#own);
    this.#measurement.started(isStream);
    return headers;
  }

  /**
   * Whether to retry a request that got no response. That is safe if it is idempotent, and promising if its
   * connection was kept from an earlier request and the formation had closed it in the meantime.
   */
  mayRepeat(wasStale: boolean): boolean {
    const may = wasStale && !this.#hasBegun && !this.#isRepeated && idempotent.has(this.method);
    this.#isRepeated = true;
    return may;
  }

  /**
   * The formation did not respond, or broke off.
   *
   * @returns The response for the client. Undefined if the formation's response has begun: then the client's
   * connection must be broken, because a clean end would look like a complete response.
   */
  fail(error: Error): LocalResponse | undefined {
    if (this.#hasBegun) {
      this.#isBroken = true;
      return undefined;
    }
    const { requestId } = this;
    this.#log.warn(
      { formation: this.#formationId, request_id: requestId, err: error },
      "formation did not respond",
    );
    this.#status = 502;
    const own = [...this.#own, ...pageHeaders(this.#seen)];
    return localResponse(requestId, own, 502, "Bad gateway", "Formation did not respond");
  }

  /** The response was sent, or the client has disconnected. Must be called once. */
  end(): void {
    this.#leave();
    this.#measurement.ended(this.#status, this.#isBroken || this.#status >= 500);
  }
}

/** `Upgrade: h2c`, which curl sends, is only an offer that may be ignored. */
const wantsUpgrade = (upgrade: string | undefined): boolean =>
  upgrade !== undefined && upgrade.toLowerCase() !== "h2c";

/** Decides whether and where a request is forwarded (docs/spec/server-api.md "Proxy"). */
export type Forwarder = (request: ProxiedRequest) => Forwarding | LocalResponse;

export const createForwarder = (options: ForwarderOptions): Forwarder => {
  const { find, trustedProxies, isLocal } = options;
  const peers = new WeakMap<Socket, Peer>();

  const peerOf = (socket: Socket): Peer => {
    let peer = peers.get(socket);
    if (!peer) {
      const address = peerAddress(socket);
      peer = { address, trusted: isTrusted(address, trustedProxies), secure: isSecure(socket) };
      peers.set(socket, peer);
    }
    return peer;
  };

  /** A page whose name was made to resolve to this machine (DNS rebinding) is known by the `Host` that it sends. */
  const isRebound = (seen: SortedHeaders["seen"], socket: Socket): boolean =>
    isLocal && seen.has("origin") && !peerOf(socket).trusted && isForeignHost(seen.get("host"));

  return (request) => {
    const { kind, formationId } = request.target;
    const { passed, seen } = sortHeaders(request.rawHeaders, request.connection);
    const requestId = request.requestId ?? usableRequestId(seen.get(names.requestId));
    const own = ownHeaders(requestId, kind === "mcp" ? undefined : seen.get(names.sdk));
    if (isMcp(request.target) && isRebound(seen, request.socket)) {
      const message = `The server listens on this machine alone and is not known as ${seen.get("host")}: use localhost, or list the proxy before it in server.trusted_proxies`;
      return localResponse(requestId, own, 403, "Forbidden", message);
    }
    if (wantsUpgrade(request.upgrade)) {
      const message = "The proxy does not support protocol upgrades such as WebSocket";
      const closing = [...own, ...pageHeaders(seen), "connection", "close"];
      return localResponse(requestId, closing, 501, "Not Implemented", message);
    }
    const upstream = isFormationId(formationId) ? find(kind, formationId) : undefined;
    if (upstream?.status !== "running" && isPreflight(request.method, seen)) {
      return preflightResponse(requestId, [...own, ...permissions(seen)]);
    }
    if (!upstream) {
      const message = `Formation '${formationId}' not found`;
      return localResponse(requestId, [...own, ...pageHeaders(seen)], 404, "Formation not found", message);
    }
    const { port, status } = upstream;
    if (status !== "running") {
      const message = `Formation '${formationId}' is not running (status: ${status})`;
      const readable = [...own, ...pageHeaders(seen)];
      return localResponse(requestId, readable, 503, "Formation unavailable", message, {
        formation_status: status,
      });
    }
    passed.push(...forwardedHeaders(seen, peerOf(request.socket), request.target, requestId));
    return new Forwarding(options, request, { requestId, port, headers: passed, own, seen });
  };
};
