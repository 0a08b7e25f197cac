import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Received {
  body: string;
  headers: Record<string, string | undefined>;
  path: string;
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** The body never ends. */
  isEndless?: boolean;
}

export interface Receiver {
  url: string;
  received: Received[];
  close(): Promise<void>;
}

/**
 * A receiver of webhooks on a free port.
 *
 * @param reply What the nth request is answered, counted from 0; undefined never answers.
 */
export const startReceiver = async (
  reply: (n: number) => Reply | undefined = () => ({ status: 204 }),
): Promise<Receiver> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => {
      body += piece;
    });
    request.on("end", () => {
      const headers = request.headers as Record<string, string | undefined>;
      const answer = reply(received.push({ body, headers, path: request.url ?? "" }) - 1);
      if (!answer) return;
      response.writeHead(answer.status, answer.headers).write(answer.body ?? "");
      if (!answer.isEndless) response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, close };
};
