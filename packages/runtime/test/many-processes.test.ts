import { describe, expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";
import { readAsked, type Started, seeded, startBuilt, startLedger, writeTestFormation } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

const requestsInAll = 1_000;
const jobsInAll = 200;
const atOnce = 10;

/** Jobs fall due for 20 seconds. */
const patience = 90_000;

/** Half of them run once, half by a rule that is due again next year; they fall due over 20 seconds from now on. */
const insertJobs = (database: string) =>
  query(
    `insert into job (formation_id, id, user_id, type, schedule, message, cron, run_at, exclusions, timezone, status,
        next_run, total_runs, total_failures, failures_in_row, created_at, updated_at)
      select 'orchard', 'job_' || n, 'u' || n % 50, 'prompt', 'now', 'Job ' || n,
        case when n % 2 = 0 then '0 3 1 1 *' end, case when n % 2 = 1 then due end, '[]', 'UTC', 'active',
        due, 0, 0, 0, 1, 1
      from (select n, cast(extract(epoch from now()) * 1000 as bigint) + n * 100 as due
        from generate_series(0, ${jobsInAll - 1}) as n) as numbered`,
    database,
  );

/** Sends requests to all processes while jobs fall due, and kills a process now and then; another takes its place. */
const runThroughCrashes = async (processes: number, kills: number, seed: number) => {
  const random = seeded(seed);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger();
  const receiver = await startReceiver();
  const database = await createSchema();
  const dir = await writeTestFormation(models.url, {
    database,
    toolUrl: ledger.url,
    more: "scheduler: { max_concurrent_jobs: 20 }",
  });

  /** What the ledger has noted and a model was told so. */
  const told = new Set<string>();
  const forgotten: string[] = [];
  models.defaultReply = (request) => {
    const { asked, isNoted } = readAsked(request);
    if (isNoted) told.add(asked);
    else if (told.has(asked)) forgotten.push(asked);
    const call = { id: "c1", name: "ledger__note", arguments: [JSON.stringify({ entry: asked })] };
    return isNoted ? { text: [`Noted: ${asked}`] } : { text: [], toolCalls: [call] };
  };

  const first = await startBuilt(dir);
  await first.crash();
  await insertJobs(database);
  const running = await Promise.all(Array.from({ length: processes }, () => startBuilt(dir)));
  const at = (index: number): Started => {
    const started = running[index];
    if (!started) throw new Error(`there is no process ${index}`);
    return started;
  };
  const pick = () => Math.floor(random() * processes);

  const webhooks: string[] = [];
  const send = async (number: number) => {
    const request_id = `req_${number}`;
    const hasWebhook = number % 5 === 0;
    const body = {
      message: `Row ${number}`,
      request_id,
      session_id: `s${number}`,
      mode: "async",
      ...(hasWebhook && { webhook_url: receiver.url }),
    };
    // A caller whose process is gone asks another one, under the same key.
    const headers = { "X-Muxi-Idempotency-Key": request_id };
    const user = `u${number % 50}`;
    await until(`request ${number} is accepted`, async () => {
      const answer = await at(pick())
        .api.call("POST", "/chat", { user, headers, body })
        .catch(() => undefined);
      if (answer) expect([answer.status, answer.body.data?.request_id]).toEqual([202, request_id]);
      return answer !== undefined;
    });
    if (hasWebhook) webhooks.push(request_id);
  };
  const replace = async (index: number) => {
    await at(index).crash();
    running[index] = await startBuilt(dir);
  };

  const killAfter = Array.from({ length: kills }, () => Math.floor((random() * requestsInAll) / atOnce));
  let replacing: Promise<void> = Promise.resolve();
  for (let batch = 0; batch < requestsInAll / atOnce; batch++) {
    const sending = Array.from({ length: atOnce }, (_, offset) => send(batch * atOnce + offset));
    if (killAfter.includes(batch)) {
      await replacing;
      replacing = replace(pick());
    }
    await Promise.all(sending);
  }
  await replacing;
  return { database, ledger, receiver, webhooks, forgotten, replace, pick };
};

describe.skipIf(!onPostgres)("many processes on one Postgres, some of them killed", () => {
  test.each([
    [2, 5, 42],
    [4, 5, 7],
  ])(
    "%i: each request and each due job is answered, and once",
    { timeout: 180_000 },
    async (processes, kills, seed) => {
      const { database, ledger, receiver, webhooks, forgotten, replace, pick } = await runThroughCrashes(
        processes,
        kills,
        seed,
      );
      const countOf = async (text: string) => Number((await query(text, database))[0]?.n);
      const jobsDone = () => countOf("select count(*) as n from job_run where status = 'success'");
      // Jobs still fall due, and processes are still killed.
      for (const share of [0.5, 0.9]) {
        await untilExpected(
          `${share * 100} % of the jobs are done`,
          async () => expect(await jobsDone()).toBeGreaterThanOrEqual(jobsInAll * share),
          patience,
        );
        await replace(pick());
      }
      await untilExpected(
        "no request is left",
        async () =>
          expect(await countOf("select count(*) as n from request where completed_at is null")).toBe(0),
        patience,
      );
      await untilExpected(
        "all jobs are done",
        async () => expect(await jobsDone()).toBe(jobsInAll),
        patience,
      );
      await untilExpected("no webhook is left", async () =>
        expect(await countOf("select count(*) as n from delivery where status = 'pending'")).toBe(0),
      );

      expect(
        await countOf("select count(*) as n from request where kind = 'chat' and status = 'completed'"),
      ).toBe(requestsInAll);
      expect(await countOf("select count(*) as n from request")).toBe(requestsInAll + jobsInAll);

      // One question and one answer each.
      const odd = await query(
        `select session_seq, count(*) as n, sum(case when role = 'user' then 1 else 0 end) as asked from message
          group by session_seq having count(*) <> 2 or sum(case when role = 'user' then 1 else 0 end) <> 1`,
        database,
      );
      expect(odd).toEqual([]);
      expect(await countOf("select count(*) as n from job_run")).toBe(jobsInAll);
      expect(await countOf("select count(*) as n from job where total_runs = 1 and total_failures = 0")).toBe(
        jobsInAll,
      );

      const delivered = receiver.received.map(({ body }) => String(JSON.parse(body).id));
      expect(webhooks.filter((id) => !delivered.includes(id))).toEqual([]);

      // No call whose result reached a model is made again. One that was under way in a process that was killed may be.
      expect(forgotten).toEqual([]);
      const noted = new Set(ledger.calls);
      expect(noted.size).toBe(requestsInAll + jobsInAll);
      expect(ledger.calls.length - noted.size).toBeLessThan(noted.size / 10);
      console.info(
        `${processes} processes, ${kills + 2} kills: ${requestsInAll} requests, ` +
          `${jobsInAll} jobs, ${webhooks.length} webhooks in ${delivered.length} deliveries, ` +
          `${ledger.calls.length - noted.size} tool calls repeated that were under way`,
      );
    },
  );
});
