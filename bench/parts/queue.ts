import { newId } from "@muxi/protocol";
import pg from "pg";
import { PgBoss } from "pg-boss";
import { createStore, openPostgres } from "../../packages/runtime/src/store/index.ts";
import { findPostgres, postgresMissing, startPostgres } from "../../test/postgres-server.ts";
import { usageOf } from "../machine/usage.ts";
import { cpuOf, type Part } from "./part.ts";

const requests = 400;
const acceptedAtOnce = 32;
const batch = 32;
const message = "My favourite apple is the Russet. Say something short.";
const answer = "The Russet it is, then.";

/** What becomes of a background request: accepted with its message, taken, ended with its answer. */
interface Queue {
  accept(): Promise<void>;
  /** Takes some and ends them; gives their number. */
  work(): Promise<number>;
  close(): Promise<void>;
}

const openOurs = async (url: string): Promise<Queue> => {
  const database = await openPostgres(url, {
    queryTimeout: 60,
    log: { warn: () => undefined, error: () => undefined },
  });
  const { requests, sessions, close } = createStore(database);
  const owner = { formationId: "bench", userId: "ann" };
  const lease = () => ({ owner: "bench", until: Date.now() + 30_000 });
  const attempts = { from: 0, below: 4 };
  return {
    async accept() {
      const [id, sessionId, now] = [newId("request"), newId("session"), Date.now()];
      const request = requests.insert(owner, {
        ...{ id, sessionId, now, kind: "chat", webhookUrl: null, idempotency: undefined },
        input: JSON.stringify({ message }),
      });
      await sessions.append(
        owner,
        sessionId,
        { role: "user", content: message, createdAt: now, requestId: id },
        [request],
      );
    },
    async work() {
      const now = Date.now();
      const taken = await requests.claim("bench", lease(), { now, limit: batch, attempts });
      await Promise.all(
        taken.map(({ id, sessionId }) =>
          requests.finish("bench", id, "bench", { status: "completed", error: null, log: "", now }, [
            sessions.answering(owner, sessionId, { role: "assistant", content: answer, createdAt: now }),
          ]),
        ),
      );
      return taken.length;
    },
    close,
  };
};

/** The messages in a table beside pg-boss, each in the transaction that queues or completes its job. */
const openPgBoss = async (url: string): Promise<Queue> => {
  const name = "requests";
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false });
  boss.on("error", (error) => process.stderr.write(`pg-boss: ${String(error)}\n`));
  await boss.start();
  await boss.createQueue(name);
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  // Connections that are still open when Postgres ends.
  pool.on("error", () => undefined);
  await pool.query("create table said (id bigserial primary key, session text, role text, content text)");

  const inTransaction = async (
    session: string,
    role: string,
    content: string,
    then: (db: Db) => Promise<unknown>,
  ) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      const insert = "insert into said (session, role, content) values ($1, $2, $3)";
      await client.query({ name: "said", text: insert, values: [session, role, content] });
      await then({ executeSql: (text, values) => client.query(text, values) });
      await client.query("commit");
    } finally {
      client.release();
    }
  };

  return {
    accept: () => {
      const session = newId("session");
      return inTransaction(session, "user", message, (db) => boss.send(name, { session, message }, { db }));
    },
    async work() {
      const jobs = await boss.fetch<{ session: string }>(name, { batchSize: batch });
      await Promise.all(
        jobs.map(({ id, data: { session } }) =>
          inTransaction(session, "assistant", answer, (db) => boss.complete(name, id, null, { db })),
        ),
      );
      return jobs.length;
    },
    async close() {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
};

interface Db {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

const work = async (queue: Queue): Promise<number> => {
  let left = requests;
  const accept = async () => {
    while (left-- > 0) await queue.accept();
  };
  await Promise.all(Array.from({ length: acceptedAtOnce }, accept));
  for (let done = 0; done < requests; ) {
    const count = await queue.work();
    if (count === 0) throw new Error("a request was lost");
    done += count;
  }
  return requests;
};

/** Requests of a formation on Postgres, with its CPU time. */
export const queue: Part = {
  name: "queue",
  page: "request-queue.md",
  missing: () => (findPostgres() === undefined ? postgresMissing : undefined),
  async open() {
    const programs = findPostgres();
    if (programs === undefined) throw new Error(postgresMissing);
    const postgres = await startPostgres(programs, { settings: ["log_min_messages=panic"] });
    const queues = { ours: await openOurs(postgres.url), "pg-boss": await openPgBoss(postgres.url) };
    const postgresCpu = () => usageOf(postgres.pid).cpuMs * 1000;
    const seconds = (queue: Queue) => async () => {
      const start = performance.now();
      return ((await work(queue)) / (performance.now() - start)) * 1000;
    };
    return {
      comparisons: [
        {
          label: "accepted, taken and ended",
          unit: "µs per request, Postgres included",
          contenders: Object.entries(queues).map(([name, each]) => ({
            name,
            sample: cpuOf(() => work(each), postgresCpu),
          })),
        },
        {
          label: "accepted, taken and ended",
          unit: "requests/s",
          contenders: Object.entries(queues).map(([name, each]) => ({ name, sample: seconds(each) })),
        },
      ],
      async close() {
        for (const each of Object.values(queues)) await each.close();
        await postgres.stop();
      },
    };
  },
};
