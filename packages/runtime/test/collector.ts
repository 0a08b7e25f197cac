import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Takes what is posted, after the given number of refusals. */
export const startCollector = async (refusals = 0) => {
  const received: Received[] = [];
  let left = refusals;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    if (left-- > 0) {
      response.writeHead(503).end();
      return;
    }
    received.push({ path: request.url ?? "", headers: request.headers, body });
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
};
