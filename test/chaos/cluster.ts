import { once } from "node:events";
import { onTestFinished } from "vitest";
import { type ModelServer, startModelServer } from "../../packages/runtime/test/model-server.ts";
import {
  readAsked,
  seeded,
  startBuilt,
  startLedger,
  writeTestFormation,
} from "../../packages/runtime/test/processes.ts";
import { type Receiver, startReceiver } from "../../packages/runtime/test/receiver.ts";
import { startPgBouncer } from "../pgbouncer.ts";
import { freePort } from "../ports.ts";
import { findPostgres, type PostgresServer, postgresMissing, startPostgres } from "../postgres-server.ts";
import { startToxicProxy, type ToxicProxy } from "../toxic-proxy.ts";
import { startNginx } from "./nginx.ts";

const processes = 3;

/** Three processes of a formation behind nginx, on a Postgres behind a network that fails as it is told. */
export interface Cluster {
  /** Of nginx. */
  url: string;
  postgres: PostgresServer;
  network: ToxicProxy;
  models: ModelServer;
  ledger: Awaited<ReturnType<typeof startLedger>>;
  receiver: Receiver;
  /** What a model was told to be noted, and called to be noted once more. */
  forgotten: string[];
  size: number;
  /** Kills a process, or tells it to stop, and starts another one on its port. */
  replace(index: number, signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** Answers "Say …" slowly and in pieces, and has the ledger note everything else. */
const answerEverything = (models: ModelServer, random: () => number): string[] => {
  const told = new Set<string>();
  const forgotten: string[] = [];
  const longestPause = 300;
  models.defaultReply = (request) => {
    const { asked, isNoted } = readAsked(request);
    if (asked.startsWith("Say")) {
      const pause = new Promise<void>((resolve) => setTimeout(resolve, random() * longestPause));
      return { text: ["You ", "said: ", ...asked.split(/(?= )/)], pause: { after: 3, until: pause } };
    }
    if (isNoted) told.add(asked);
    else if (told.has(asked)) forgotten.push(asked);
    const call = { id: "c1", name: "ledger__note", arguments: [JSON.stringify({ entry: asked })] };
    return isNoted ? { text: [`Noted: ${asked}`] } : { text: [], toolCalls: [call] };
  };
  return forgotten;
};

/** Starts it until the test ends. */
export const startCluster = async (pooler: "none" | "transaction", seed: number): Promise<Cluster> => {
  const programs = findPostgres();
  if (programs === undefined) throw new Error(postgresMissing);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger();
  const receiver = await startReceiver();
  const postgres = await startPostgres(programs, { settings: ["fsync=off", "max_connections=200"] });
  onTestFinished(() => postgres.stop());

  const database = new URL(postgres.url);
  if (pooler === "transaction") {
    const bouncer = await startPgBouncer(postgres.url, ["default_pool_size = 10", "server_login_retry = 1"]);
    onTestFinished(() => bouncer.stop());
    database.port = new URL(bouncer.url).port;
  }
  const network = await startToxicProxy({ host: database.hostname, port: Number(database.port) });
  onTestFinished(() => network.close());
  database.port = String(network.port);

  const dir = await writeTestFormation(models.url, {
    database: database.href,
    persistent: { pooler, query_timeout_seconds: 5 },
    toolUrl: ledger.url,
    more: "scheduler: { max_concurrent_jobs: 20 }",
  });
  const ports = await Promise.all(Array.from({ length: processes }, () => freePort()));
  const running = await Promise.all(ports.map((port) => startBuilt(dir, port)));
  return {
    url: await startNginx(ports),
    postgres,
    network,
    models,
    ledger,
    receiver,
    forgotten: answerEverything(models, seeded(seed)),
    size: processes,
    async replace(index, signal) {
      const child = running[index]?.child;
      if (!child) throw new Error(`there is no process ${index}`);
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
      running[index] = await startBuilt(dir, ports[index]);
    },
  };
};
