import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import type { Toxin } from "../toxic-proxy.ts";
import { untilExpected } from "../until.ts";
import { startCallers } from "./callers.ts";
import { type Cluster, startCluster } from "./cluster.ts";

/** How long faults go on, of one test; at least each of them once. */
const minutes = Number(process.env.MUXI_TEST_CHAOS ?? 0);
/** Things that callers must get done between two faults. */
const between = 20;
const patience = 120_000;
const jobsAtATime = 3;

interface Fault {
  name: string;
  happen(cluster: Cluster): Promise<unknown>;
}

/** Waits for calls to meet a fault of the network. */
const lasting = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const killed = (index: number): Fault => ({
  name: `process ${index} is killed`,
  happen: (cluster) => cluster.replace(index, "SIGKILL"),
});

const updated: Fault = {
  name: "each process is replaced in turn, as by an update",
  async happen(cluster) {
    for (let index = 0; index < cluster.size; index++) await cluster.replace(index, "SIGTERM");
  },
};

const cut = (toxin: Toxin, forgotten: boolean): Fault => ({
  name: `the network to Postgres: ${JSON.stringify(toxin)}${forgotten ? ", connections forgotten" : ""}`,
  async happen({ network }) {
    network.poison(toxin);
    await lasting(2_000);
    network.heal({ forgotten });
  },
});

const faults: readonly Fault[] = [
  killed(0),
  { name: "Postgres is restarted", happen: ({ postgres }) => postgres.restart() },
  killed(1),
  cut({ kind: "stall", towards: "both" }, true),
  killed(2),
  updated,
  cut({ kind: "cut" }, false),
];

const connectTo = async (url: string) => {
  const client = new pg.Client(url);
  // Postgres is restarted meanwhile.
  client.on("error", () => undefined);
  await client.connect();
  return client;
};

/** Rows of a query, on a connection of its own. */
const query = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = await connectTo(url);
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

/** Jobs that fall due within a second. */
const insertJobs = (url: string, from: number) =>
  query(
    url,
    `insert into job (formation_id, id, user_id, type, schedule, message, cron, run_at, exclusions, timezone, status,
        next_run, total_runs, total_failures, failures_in_row, created_at, updated_at)
      select 'orchard', 'job_' || n, 'u' || n, 'prompt', 'now', 'Job ' || n, null, due, '[]', 'UTC', 'active',
        due, 0, 0, 0, 1, 1
      from (select n, cast(extract(epoch from now()) * 1000 as bigint) + 1000 as due
        from generate_series(${from}, ${from + jobsAtATime - 1}) as n) as numbered`,
  );

test.each([
  ["Postgres", "none"],
  ["PgBouncer in transaction mode", "transaction"],
] as const)(
  "three processes behind nginx on %s, while everything fails in turn: nothing is lost, nothing is twice, every stream is whole",
  { timeout: minutes * 60_000 + 300_000 },
  async (_, pooler) => {
    const seed = Number(process.env.MUXI_TEST_SEED ?? 42);
    const cluster = await startCluster(pooler, seed);
    const { postgres, ledger, receiver, forgotten } = cluster;
    const callers = startCallers(cluster.url, receiver.url);
    onTestFinished(callers.leave);
    const { kept } = callers;

    await callers.progress(between, "the start");
    let rounds = 0;
    let jobs = 0;
    const until = performance.now() + minutes * 60_000;
    do {
      for (const { name, happen } of faults) {
        await insertJobs(postgres.url, jobs);
        jobs += jobsAtATime;
        await happen(cluster);
        await callers.progress(between, name);
      }
      rounds += 1;
    } while (performance.now() < until);
    await callers.stop();
    expect(kept.broken).toEqual([]);

    const countOf = async (text: string) => Number((await query(postgres.url, text))[0]?.n);
    const untilNone = (what: string, text: string) =>
      untilExpected(`no ${what} is left`, async () => expect(await countOf(text)).toBe(0), patience);
    await untilNone("request", "select count(*) as n from request where completed_at is null");
    await untilNone("job", "select count(*) as n from job where status = 'active'");
    await untilNone("webhook", "select count(*) as n from delivery where status = 'pending'");

    const messages = await query(
      postgres.url,
      `select session.id as session, role, content, request_id from message
        join session on session.seq = session_seq order by message.seq`,
    );
    const asked = messages.filter(({ role }) => role === "user").map(({ content }) => String(content));
    expect(asked.length - new Set(asked).size, "messages that are stored twice").toBe(0);
    const answered = new Map<unknown, unknown[]>();
    for (const { role, content, request_id } of messages) {
      if (role === "assistant") answered.set(request_id, [...(answered.get(request_id) ?? []), content]);
    }
    expect([...answered.values()].filter((contents) => contents.length > 1)).toEqual([]);

    const requestOf = new Map(messages.map(({ content, request_id }) => [content, request_id]));
    const lost = [...kept.answers].filter(
      ([message, text]) => answered.get(requestOf.get(message))?.[0] !== text,
    );
    expect(lost, "answers that a caller has got and that are not stored").toEqual([]);
    for (const session of new Set(messages.map((message) => message.session))) {
      const numbers = messages
        .filter((message) => message.session === session && message.role === "user")
        .map(({ content }) => Number(String(content).split(" ").at(-1)))
        .filter(Number.isFinite);
      expect(numbers, `the order of ${session}`).toEqual([...numbers].sort((a, b) => a - b));
    }

    const statuses = new Map(
      (await query(postgres.url, "select id, status from request")).map(({ id, status }) => [id, status]),
    );
    expect([...kept.accepted].filter((id) => statuses.get(id) !== "completed")).toEqual([]);
    expect([...kept.accepted].filter((id) => answered.get(id)?.[0] !== `Noted: Row ${id}`)).toEqual([]);
    const delivered = new Set(receiver.received.map(({ body }) => JSON.parse(body).id));
    expect([...kept.accepted].filter((id) => !delivered.has(id))).toEqual([]);
    expect(await countOf("select count(*) as n from job where total_runs = 1 and total_failures = 0")).toBe(
      jobs,
    );
    expect(await countOf("select count(*) as n from job_run")).toBe(jobs);

    // No call whose result a model was told is made again. One that was under way in a process that was killed may be.
    expect(forgotten).toEqual([]);
    const noted = new Set(ledger.calls);
    expect(noted.size).toBe(kept.accepted.size + jobs);
    console.info(
      `${rounds} rounds of ${faults.length} faults (seed ${seed}): ${kept.answers.size} answers, ` +
        `${kept.refused.length} refused or ended with a reason, ${kept.accepted.size} requests in the background, ` +
        `${jobs} jobs: nothing lost, nothing twice; ` +
        `${ledger.calls.length - noted.size} tool calls repeated that were under way`,
    );
  },
);
