import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answer, frame, openStream, progress, sendData, sendError, text } from "../answers.ts";

/** A server that the contract talks to. */
export interface ContractServer {
  url: string;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => void | Promise<void>;

const numbered = { "x-muxi-request-id": "req_1" };

/** One way to answer for each case, under a path of its own. */
const createHandlers = (): Record<string, Handler> => {
  const stopped: string[] = [];
  const keys: unknown[] = [];
  const cut = answer("Hello ", "world");

  return {
    async chat(_, response) {
      openStream(response);
      const bytes = Buffer.from(`: keepalive\n\n${answer("grüße ", "世界").join("")}`);
      // In threes, so that characters are split; the pauses keep the pieces apart on the way.
      for (let start = 0; start < bytes.length; start += 3) {
        response.write(bytes.subarray(start, start + 3));
        await new Promise(setImmediate);
      }
      response.end();
    },
    cut({ method, headers }, response) {
      openStream(response, numbered);
      const seen = Number(headers["last-event-id"] ?? 0);
      if (method === "GET") response.end(cut.slice(seen).join(""));
      else response.write(cut.slice(0, 2).join(""), () => response.destroy());
    },
    endless({ method }, response, path) {
      if (method === "POST") {
        openStream(response, numbered);
        response.write(frame(1, progress) + frame(2, text("…")));
      } else if (method === "DELETE") {
        stopped.push(path.slice(path.lastIndexOf("/") + 1));
        sendData(response, { status: "cancelled" });
      } else {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(stopped));
      }
    },
    silent: (_, response) => openStream(response),
    missing: (_, response) => sendError(response, 404, "AGENT_NOT_FOUND"),
    failing(_, response) {
      openStream(response);
      response.end(frame(1, progress) + frame(2, { type: "error", code: "RATE_LIMITED", message: "Later" }));
    },
    flaky({ headers }, response) {
      keys.push(headers["x-muxi-idempotency-key"]);
      if (keys.length < 3) sendError(response, 500, "INTERNAL_ERROR", { "retry-after": "0" });
      else sendData(response, { message: { content: JSON.stringify(keys) } });
    },
  };
};

/** Starts the server on a free port. It also serves an empty page and the contract itself, for browsers. */
export const startServer = async (contract: string): Promise<ContractServer> => {
  const handlers = createHandlers();
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    if (path === "/") {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Contract</title>");
    } else if (path === "/contract.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(contract);
    } else {
      request.resume();
      const handler = handlers[path.split("/")[1] ?? ""];
      if (handler === undefined) response.writeHead(404).end();
      else await handler(request, response, path);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
