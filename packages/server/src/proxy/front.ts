import type { Server } from "node:http";
import type { Socket } from "node:net";
import {
  type Front,
  type FrontContext,
  type OpenResponse,
  putFrontBefore,
  type ResponseHead,
} from "@muxi/http";
import { headers as names, type ServerErrorBody } from "@muxi/protocol";
import { isTrusted, peerAddress } from "../auth/index.ts";
import { corsHeaders } from "../base/cors.ts";
import type { Backends } from "./backends.ts";
import {
  addedHeaders,
  answerHeaders,
  isSecure as isEncrypted,
  type Peer,
  sortHeaders,
  usableRequestId,
} from "./headers.ts";
import { PlainExchange } from "./plain-exchange.ts";
import type { ProxyOptions } from "./proxy.ts";
import { isFormationId, proxyTarget } from "./target.ts";

/** Notes that a request has come, and gives what notes its end. */
export type TrackRequest = (
  request: { method: string; url: string; remote: string | undefined },
  requestId: string,
) => (status: number) => void;

export interface FrontSettings {
  /** Reads what is not plain. */
  server: Server;
  isSecure: boolean;
  track: TrackRequest;
  /** Of a connection between two requests, in milliseconds. */
  idleMs: number;
  /** How long a first or half request is waited for before Node's server does the waiting. */
  patienceMs: number;
}

interface FrontOptions extends FrontSettings, ProxyOptions {
  backends: Backends;
}

/** What stands before a path of the proxy. */
const starts = /^(?:GET|POST|PUT|PATCH|DELETE) \/(?:api|draft|mcp)\//;

/** nginx's: the client left before there was an answer. */
export const clientLeft = 499;

const idempotent: ReadonlySet<string> = new Set(["GET", "PUT", "DELETE"]);

const linesOf = (headers: Record<string, string>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");

const corsLines = linesOf(corsHeaders);

const pairLines = (pairs: readonly string[]): string => {
  let text = "";
  for (let i = 0; i + 1 < pairs.length; i += 2) text += `${pairs[i]}: ${pairs[i + 1]}\r\n`;
  return text;
};

/** The head of an answer for the client: the formation's, with what this server adds. */
const clientHead = (answer: ResponseHead, ownHeaders: Record<string, string>, connection: string): string => {
  let text = `HTTP/1.1 ${answer.status} ${answer.reason}\r\n`;
  let hasCors = false;
  let hasDate = false;
  for (const [name, value] of answer.headers) {
    if (ownHeaders[name] !== undefined) continue;
    if (name === "access-control-allow-origin") hasCors = true;
    else if (name === "date") hasDate = true;
    text += `${name}: ${value}\r\n`;
  }
  if (!hasCors) text += corsLines;
  if (!hasDate) text += `date: ${new Date().toUTCString()}\r\n`;
  if (answer.framing.kind !== "length") text += "transfer-encoding: chunked\r\n";
  return `${text}${linesOf(ownHeaders)}${connection}\r\n`;
};

const badGateway = (ownHeaders: Record<string, string>, connection: string): string => {
  const body: ServerErrorBody = { error: "Bad gateway", message: "Formation did not respond", code: 502 };
  const text = JSON.stringify(body);
  return `HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${text.length}\r\ndate: ${new Date().toUTCString()}\r\n${corsLines}${linesOf(ownHeaders)}${connection}\r\n${text}`;
};

/** Serves plain requests to formations from socket to socket. */
export const createFront = (options: FrontOptions): Front => {
  const { server, isSecure, track, idleMs, patienceMs, find, backends, trustedProxies, metrics, log } =
    options;
  const keepAlive = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(idleMs / 1000)}\r\n`;
  const peers = new WeakMap<Socket, Peer>();

  const peerOf = (socket: Socket): Peer => {
    let peer = peers.get(socket);
    if (!peer) {
      const address = peerAddress(socket);
      peer = { address, trusted: isTrusted(address, trustedProxies), secure: isEncrypted(socket) };
      peers.set(socket, peer);
    }
    return peer;
  };

  const serve: FrontContext["serve"] = (request, client, done): OpenResponse | undefined => {
    const { method, url, rawHeaders, body } = request;
    const target = proxyTarget(url);
    if (!target || !isFormationId(target.formationId)) return undefined;
    const { kind, formationId, path } = target;
    const upstream = find(kind, formationId);
    // Node's server says what is wrong.
    if (upstream?.status !== "running") return undefined;
    const { port } = upstream;
    const peer = peerOf(client);
    const { passed, seen } = sortHeaders(rawHeaders, undefined);
    const requestId = usableRequestId(seen.get(names.requestId));
    const ownHeaders = answerHeaders(requestId, kind === "mcp" ? undefined : seen.get(names.sdk));
    const added = addedHeaders(seen, peer, formationId, requestId);
    const connection = (): string => (front.closing ? "connection: close\r\n" : keepAlive);

    const tracked = track({ method, url, remote: client.remoteAddress }, requestId);
    const measurement = metrics.begin(formationId, kind);
    const leaveBackend = backends.enter(port);
    let status = clientLeft;
    const ended = (broken: boolean): void => {
      leaveBackend();
      measurement.ended(status, broken || status >= 500);
      tracked(status);
    };

    const exchange = new PlainExchange({
      client,
      connections: backends.connections(port),
      message: `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${pairLines(passed)}${pairLines(added)}\r\n${body.toString("latin1")}`,
      repeatable: idempotent.has(method),
      headFor(answer) {
        status = answer.status;
        const type = answer.headers.find(([name]) => name === "content-type")?.[1];
        measurement.answered(type?.startsWith("text/event-stream") === true);
        return clientHead(answer, ownHeaders, connection());
      },
      onFailure(error) {
        log.warn({ formation: formationId, request_id: requestId, err: error }, "formation did not respond");
        status = 502;
        client.write(badGateway(ownHeaders, connection()));
        ended(true);
        done(false);
      },
      onEnd(broken) {
        ended(broken);
        done(broken);
      },
    });
    return {
      resume: () => exchange.resume(),
      abort() {
        exchange.abort();
        ended(false);
      },
    };
  };

  const front = putFrontBefore({
    server,
    event: isSecure ? "secureConnection" : "connection",
    serve,
    starts,
    idleMs,
    patienceMs,
  });
  return front;
};
