import type { Server } from "node:http";
import { type Front, type FrontContext, type OpenResponse, putFrontBefore } from "@muxi/http";
import type { Backends } from "./backends.ts";
import type { Forwarder } from "./forwarding.ts";
import { PlainCarrier, writeLocalResponse } from "./plain-carrier.ts";
import { proxyTarget } from "./target.ts";

/** Records the start of a request, and returns a function that records its end. */
export type TrackRequest = (
  request: { method: string; url: string; remote: string | undefined },
  requestId: string,
) => (status: number) => void;

export interface FrontSettings {
  /** Serves requests that are not plain. */
  server: Server;
  isSecure: boolean;
  track: TrackRequest;
  /** How long a connection may be idle between two requests, in milliseconds. */
  idleMs: number;
  /**
   * How long to wait for a first or incomplete request before handing the connection to Node's server, in
   * milliseconds.
   */
  patienceMs: number;
}

interface FrontOptions extends FrontSettings {
  forward: Forwarder;
  backends: Backends;
}

/** How requests to the proxy begin. */
const starts = /^(?:GET|POST|PUT|PATCH|DELETE) \/(?:api|draft|mcp)\//;

/** Stands for a response that was written at once. */
const nothingOpen: OpenResponse = { resume: () => undefined, abort: () => undefined };

/** Serves plain requests to formations from socket to socket. */
export const createFront = (options: FrontOptions): Front => {
  const { server, isSecure, track, idleMs, patienceMs, forward, backends } = options;
  const keepAlive = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(idleMs / 1000)}\r\n`;
  const connectionLines = (): string => (front.closing ? "connection: close\r\n" : keepAlive);

  const serve: FrontContext["serve"] = ({ method, url, rawHeaders, body }, client, done) => {
    const target = proxyTarget(url);
    if (!target) return undefined;
    const forwarding = forward({ target, method, rawHeaders, socket: client });
    const tracked = track({ method, url, remote: client.remoteAddress }, forwarding.requestId);
    if (forwarding.kind === "local") {
      writeLocalResponse(client, forwarding, connectionLines());
      tracked(forwarding.status);
      done(false);
      return nothingOpen;
    }
    const carrier = new PlainCarrier({
      forwarding,
      body,
      client,
      connections: backends.connections(forwarding.port),
      connectionLines,
      onEnd(broken) {
        tracked(forwarding.status);
        done(broken);
      },
    });
    return {
      resume: () => carrier.resume(),
      abort() {
        carrier.abort();
        tracked(forwarding.status);
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
