import { STATUS_CODES } from "node:http";
import type { BlockList, Socket } from "node:net";
import { headers as names, type ServerErrorBody } from "@muxi/protocol";
import { isTrusted, peerAddress } from "../auth/index.ts";
import { corsHeaders } from "../base/cors.ts";
import type { Log } from "../logs/index.ts";
import type { Measurement, Metrics } from "../metrics/index.ts";
import type { Backends } from "./backends.ts";
import {
  forwardedHeaders,
  hasHeader,
  isSecure,
  ownHeaders,
  type Peer,
  sortHeaders,
  usableRequestId,
} from "./headers.ts";
import { isFormationId, type ProxyKind, type ProxyTarget } from "./target.ts";

export interface Upstream {
  port: number;
  status: string;
}

export interface ForwarderOptions {
  /** The process that answers for a formation, or undefined when there is none of this id. */
  find: (kind: ProxyKind, formationId: string) => Upstream | undefined;
  backends: Backends;
  trustedProxies: BlockList;
  metrics: Metrics;
  log: Log;
}

/** A request to a formation, however it was read. */
export interface ProxiedRequest {
  target: ProxyTarget;
  method: string;
  /** Names and values in turn, as they were sent. */
  rawHeaders: readonly string[];
  /** The values of these two headers. */
  connection?: string | undefined;
  upgrade?: string | undefined;
  socket: Socket;
  /** The id that it has already. Default: the client's, else a new one. */
  requestId?: string;
}

/** What the client gets in place of a formation's answer. */
export interface OwnAnswer {
  kind: "own";
  requestId: string;
  status: number;
  reason: string;
  /** Names and values in turn. */
  headers: readonly string[];
  body: string;
}

/** nginx's: the client left before there was an answer. */
export const clientLeft = 499;

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

const corsEntries = Object.entries(corsHeaders);

const ownAnswer = (
  requestId: string,
  own: readonly string[],
  status: number,
  error: string,
  message: string,
): OwnAnswer => {
  const answer: ServerErrorBody = { error, message, code: status };
  const body = JSON.stringify(answer);
  const type = ["content-type", "application/json; charset=utf-8"];
  const length = ["content-length", String(Buffer.byteLength(body))];
  const headers = [...type, ...length, ...corsEntries.flat(), ...own];
  return { kind: "own", requestId, status, reason: STATUS_CODES[status] ?? "", headers, body };
};

/**
 * One request on its way to a formation: what is sent, what the client gets, whether it is tried again, and how it is
 * counted. A carrier moves the bytes.
 */
export class Forwarding {
  readonly kind = "forwarded";
  readonly requestId: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** For the formation: names and values in turn, without the host. */
  readonly headers: string[];
  readonly #formationId: string;
  readonly #own: readonly string[];
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
    sent: { requestId: string; port: number; headers: string[]; own: readonly string[] },
  ) {
    this.requestId = sent.requestId;
    this.port = sent.port;
    this.method = method;
    this.path = target.path;
    this.headers = sent.headers;
    this.#formationId = target.formationId;
    this.#own = sent.own;
    this.#measurement = metrics.begin(target.formationId, target.kind);
    this.#leave = backends.enter(sent.port);
    this.#log = log;
  }

  /** What the client got, 499 as long as that is nothing. */
  get status(): number {
    return this.#status;
  }

  /**
   * The formation has begun to answer.
   *
   * @param received Its headers, names in lower case, without those of the connection.
   * @returns The headers for the client, names and values in turn.
   */
  begin(status: number, received: Iterable<readonly [name: string, value: string]>): string[] {
    this.#status = status;
    this.#hasBegun = true;
    const headers: string[] = [];
    let hasOrigin = false;
    let isStream = false;
    for (const [name, value] of received) {
      if (hasHeader(this.#own, name)) continue;
      if (name === "access-control-allow-origin") hasOrigin = true;
      else if (name === "content-type") isStream = value.startsWith("text/event-stream");
      headers.push(name, value);
    }
    // The formation's own headers win.
    for (const [name, value] of hasOrigin ? [] : corsEntries) {
      if (!hasHeader(headers, name)) headers.push(name, value);
    }
    headers.push(...this.#own);
    this.#measurement.answered(isStream);
    return headers;
  }

  /**
   * Whether a request without an answer is sent once more. That is safe for an idempotent one, and likely to help when
   * its connection was kept from an earlier request and the formation had closed it in the meantime.
   */
  mayRepeat(wasStale: boolean): boolean {
    const may = wasStale && !this.#hasBegun && !this.#isRepeated && idempotent.has(this.method);
    this.#isRepeated = true;
    return may;
  }

  /**
   * The formation did not answer, or broke off.
   *
   * @returns The answer for the client. Undefined after the head: then the error can only show as a broken connection,
   * since a clean end would look like a whole answer.
   */
  fail(error: Error): OwnAnswer | undefined {
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
    return ownAnswer(requestId, this.#own, 502, "Bad gateway", "Formation did not respond");
  }

  /** The client has its answer, or has left. To be called once. */
  end(): void {
    this.#leave();
    this.#measurement.ended(this.#status, this.#isBroken || this.#status >= 500);
  }
}

/** `Upgrade: h2c` is only an offer, which HTTP/1.1 may ignore; curl makes it. */
const wantsUpgrade = (upgrade: string | undefined): boolean =>
  upgrade !== undefined && upgrade.toLowerCase() !== "h2c";

/** Decides what becomes of a request to a formation (docs/spec/server-api.md "Proxy"). */
export type Forwarder = (request: ProxiedRequest) => Forwarding | OwnAnswer;

export const createForwarder = (options: ForwarderOptions): Forwarder => {
  const { find, trustedProxies } = options;
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

  return (request) => {
    const { kind, formationId } = request.target;
    const { passed, seen } = sortHeaders(request.rawHeaders, request.connection);
    const requestId = request.requestId ?? usableRequestId(seen.get(names.requestId));
    const own = ownHeaders(requestId, kind === "mcp" ? undefined : seen.get(names.sdk));
    if (wantsUpgrade(request.upgrade)) {
      const message = "The proxy does not pass on protocol upgrades such as WebSocket";
      return ownAnswer(requestId, [...own, "connection", "close"], 501, "Not Implemented", message);
    }
    const upstream = isFormationId(formationId) ? find(kind, formationId) : undefined;
    if (!upstream) {
      const message = `Formation '${formationId}' not found`;
      return ownAnswer(requestId, own, 404, "Formation not found", message);
    }
    const { port, status } = upstream;
    if (status !== "running") {
      const message = `Formation '${formationId}' is not running (status: ${status})`;
      return ownAnswer(requestId, own, 503, "Formation unavailable", message);
    }
    passed.push(...forwardedHeaders(seen, peerOf(request.socket), formationId, requestId));
    return new Forwarding(options, request, { requestId, port, headers: passed, own });
  };
};
