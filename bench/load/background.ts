import { once as onceEmitted } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "./connection.ts";
import { Problems } from "./figures.ts";
import { type Measured, type Subject, setPace } from "./measure.ts";

export interface BackgroundOptions {
  connections: number;
  seconds: number;
}

/** Time for the last deliveries, in milliseconds. */
const patience = 60_000;

/** Takes deliveries and counts them by their request: one that comes twice counts once. */
const startReceiver = async () => {
  const delivered = new Set<string>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const [, id] = /"id":"([^"]+)"/.exec(Buffer.concat(pieces).toString("latin1")) ?? [];
      if (id !== undefined) delivered.add(id);
      response.writeHead(204).end();
    });
  }).listen(0, "127.0.0.1");
  await onceEmitted(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    delivered,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** Background chats: how many are taken on in a second, and how many are done and delivered to a webhook. */
export const measureBackground = async (
  subject: Subject,
  { connections, seconds }: BackgroundOptions,
): Promise<Measured> => {
  await setPace(subject, 10, 0);
  await subject.quiet();
  const receiver = await startReceiver();
  const problems = new Problems();
  let accepted = 0;
  const stopMeter = subject.startMeter();
  const startedAt = performance.now();
  const work = async () => {
    const connection = new Connection(subject.port);
    while (performance.now() < startedAt + seconds * 1000) {
      await connection.open();
      const status = await connection.ask(subject.request({ webhookUrl: receiver.url }), 10_000);
      if (status === 202) accepted += 1;
      else problems.add(`status ${status}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, work));
  const acceptedIn = (performance.now() - startedAt) / 1000;
  while (receiver.delivered.size < accepted && performance.now() < startedAt + patience) await sleep(5);
  const doneIn = (performance.now() - startedAt) / 1000;
  const spent = stopMeter();
  receiver.close();
  return {
    figures: {
      acceptedPerSecond: accepted / acceptedIn,
      deliveredPerSecond: receiver.delivered.size / doneIn,
      cpuMs: spent.serverMs / accepted,
      lost: accepted - receiver.delivered.size,
    },
    spent,
    problems: problems.most,
  };
};
