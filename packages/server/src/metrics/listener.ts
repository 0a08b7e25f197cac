import { once } from "node:events";
import { createServer } from "node:http";
import type { Metrics } from "./metrics.ts";

/** A separate port for Prometheus, which cannot sign its requests. It serves only `GET /metrics`. */
export interface MetricsListener {
  port: number;
  close(): Promise<void>;
}

const timeoutMs = 10_000;

/** @throws Node's error, such as `EADDRINUSE`, if the port cannot be opened. */
export const listenForMetrics = async (
  metrics: Metrics,
  { port, host }: { port: number; host: string },
  onError: (error: unknown) => void,
): Promise<MetricsListener> => {
  const server = createServer(
    { headersTimeout: timeoutMs, requestTimeout: timeoutMs },
    (request, response) => {
      if (request.method !== "GET" || request.url?.split("?", 1)[0] !== "/metrics") {
        response.writeHead(404).end();
        return;
      }
      metrics.text().then(
        (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
        (error: unknown) => {
          onError(error);
          response.writeHead(500).end();
        },
      );
    },
  );
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
