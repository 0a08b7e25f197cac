import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { BlockList } from "node:net";
import { pino } from "pino";
import { createMetrics } from "../../packages/server/src/metrics/index.ts";
import { createProxy, requestIdOf } from "../../packages/server/src/proxy/index.ts";
import { type Comparison, cpuOf, type Part } from "./part.ts";
import { chatBody, openStage } from "./stage.ts";

const connections = 32;
const requests = 1_000;

interface Listening {
  server: Server;
  proxy: ReturnType<typeof createProxy>;
  port: number;
}

/** The server's proxy before a formation that the fake model stands for. */
const openProxy = async (modelPort: number, hasFront: boolean): Promise<Listening> => {
  const proxy = createProxy({
    find: () => ({ port: modelPort, status: "running" }),
    trustedProxies: new BlockList(),
    isLocal: true,
    metrics: createMetrics(() => []),
    log: pino({ level: "silent" }),
  });
  const server = createServer((request, response) => {
    if (!proxy.handle(request, response, requestIdOf(request))) response.writeHead(404).end();
  });
  if (hasFront) {
    proxy.front({ server, isSecure: false, track: () => () => {}, idleMs: 60_000, patienceMs: 5_000 });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { server, proxy, port: typeof address === "object" && address ? address.port : 0 };
};

/** Plain requests through the proxy: read and carried from socket to socket, or by Node's server and undici. */
export const front: Part = {
  name: "front",
  page: "http-front.md",
  async open() {
    const stage = await openStage();
    const ways = {
      ours: await openProxy(stage.modelPort, true),
      "node:http and undici": await openProxy(stage.modelPort, false),
    };
    const comparison = (label: string, stream: boolean, tokens: number): Comparison => ({
      label,
      unit: "µs per request",
      contenders: Object.entries(ways).map(([name, { port }]) => {
        const sample = cpuOf(async () => {
          const request = {
            method: "POST",
            path: "/api/bench/v1/chat/completions",
            body: chatBody(stream),
          } as const;
          await stage.load({ port, request, connections, requests });
          return requests;
        });
        return {
          name,
          async sample() {
            await stage.tokens(tokens);
            return sample();
          },
        };
      }),
    });
    return {
      comparisons: [
        comparison("proxied: an answer in JSON", false, 10),
        comparison("proxied: a stream of 10 events", true, 10),
        comparison("proxied: a stream of 200 events", true, 200),
      ],
      async close() {
        for (const { server, proxy } of Object.values(ways)) {
          server.close();
          server.closeAllConnections();
          await proxy.close();
        }
        await stage.close();
      },
    };
  },
};
