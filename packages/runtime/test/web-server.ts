// A web server whose pages tests change.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const notFound: Answer = (_, response) => void response.writeHead(404).end();

/** A server whose pages are texts, or answer by themselves. */
export const startWebServer = async (pages: Record<string, string | Answer>, others: Answer = notFound) => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const page = pages[request.url ?? ""];
    if (typeof page === "function") return page(request, response);
    if (page === undefined) return others(request, response);
    const isPage = /[/]$|html$/.test(request.url ?? "");
    response.writeHead(200, { "content-type": isPage ? "text/html" : "text/plain" }).end(page);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const paths = () => requests.map(({ url }) => url);
  return { url: `http://127.0.0.1:${address.port}`, pages, requests, paths };
};

/** Answers with a text that has an entity tag, and 304 to those who know it. */
export const tagged =
  (tag: string, text: string): Answer =>
  (request, response) => {
    const isKnown = request.headers["if-none-match"] === tag;
    response.writeHead(isKnown ? 304 : 200, { etag: tag, "content-type": "text/markdown" });
    response.end(isKnown ? undefined : text);
  };
