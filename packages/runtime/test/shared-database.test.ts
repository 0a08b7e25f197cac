import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createJobRepository, type DueJob, openPostgres } from "../src/store/index.ts";
import { collect, type Frame, framesOf, hold, textOf, untilStatus } from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";
import {
  notingReply,
  startAndEnd,
  startBuilt,
  startImpatient,
  startLedger,
  writeTestFormation,
} from "./processes.ts";

/** Two processes of one formation on one Postgres. */
const startTwo = async ({ leaseTime, toolUrl }: { leaseTime?: number; toolUrl?: string } = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const database = await createSchema();
  const dir = await writeTestFormation(models.url, { database, ...(toolUrl && { toolUrl }) });
  const start = () => (leaseTime === undefined ? startBuilt(dir) : startImpatient(dir, leaseTime));
  const [one, two] = await Promise.all([start(), start()]);
  return { models, one, two, start };
};

const ann = { user: "ann" };

const asyncChat = (message: string, request_id: string) => ({
  ...ann,
  body: { message, request_id, mode: "async", session_id: `s_${request_id}` },
});

const ask = (models: ModelServer, message: string) =>
  models.requests.filter(({ body }) => JSON.stringify(body).includes(message));

describe.skipIf(!onPostgres)("two processes on one Postgres", () => {
  test("a request of the other one is stopped: its model's connection closes at once", async () => {
    const { models, one, two } = await startTwo();
    models.reply({ text: ["One ", "two"], stallAfter: 2 });
    const frames = await one.api.stream({ message: "Count", request_id: "req_1" }, ann);
    await frames.next();
    const { body } = await two.api.call("DELETE", "/requests/req_1", ann);
    expect(body.data).toMatchObject({ status: "cancelled", cancellation: "cooperative" });
    expect((await collect(frames)).at(-1)).toMatchObject({ event: "error", data: { code: "CANCELLED" } });
    expect(await models.requests[0]?.over).toBe("aborted");
    await untilStatus(two.api, "req_1", "cancelled");
  });

  test("a tool that the other one has called is told to stop, too", async () => {
    const { held, release } = hold();
    onTestFinished(release);
    const ledger = await startLedger(() => held);
    const { models, one, two } = await startTwo({ toolUrl: ledger.url });
    models.defaultReply = notingReply();
    await one.api.call("POST", "/chat", asyncChat("Sow", "req_1"));
    await until("the tool is called", () => ledger.calls[0]);
    // Which of the two is at it, nobody knows: both are asked.
    await one.api.call("DELETE", "/requests/req_1", ann);
    await two.api.call("DELETE", "/requests/req_1", ann);
    await until("the tool is told to stop", () => ledger.cancelled[0]);
    await untilStatus(two.api, "req_1", "cancelled");
    expect(models.requests).toHaveLength(1);
  });

  test("a stream of one is followed from the other while it grows, and taken up where it was left", async () => {
    const { models, one, two } = await startTwo();
    models.reply({ text: ["One ", "two ", "three"], stallAfter: 3 });
    const own = await one.api.stream({ message: "Count", request_id: "req_1", session_id: "s1" }, ann);
    const seen: Frame[] = [];
    for await (const frame of own) if (seen.push(frame) === 3) break;
    const follow = async (after: number) =>
      framesOf(
        await two.api.request("GET", "/events/s1/req_1", {
          ...ann,
          headers: { "Last-Event-ID": String(after) },
        }),
      );
    const followed = await follow(0);
    const there: Frame[] = [];
    for await (const frame of followed) if (there.push(frame) === 3) break;
    expect(there).toEqual(seen);
    const rest = await follow(2);
    expect((await rest.next()).value).toEqual(seen[2]);
    await one.api.call("DELETE", "/requests/req_1", ann);
    expect((await collect(rest)).at(-1)).toMatchObject({ event: "error", data: { code: "CANCELLED" } });
  });

  test("one idempotency key sent to both makes one run, which both tell of", async () => {
    const { models, one, two } = await startTwo();
    const { held, release } = hold();
    models.reply({ text: ["One ", "two"], before: held });
    const headers = { "X-Muxi-Idempotency-Key": "k1" };
    const body = { message: "Count", session_id: "s1" };
    const opening = [one, two, one, two].map(({ api }) => api.stream(body, { ...ann, headers }));
    const streams = await Promise.all(opening);
    release();
    const all = await Promise.all(streams.map(collect));
    for (const frames of all) expect(frames).toEqual(all[0]);
    expect(textOf(all[0] ?? [])).toBe("One two");
    expect(models.requests).toHaveLength(1);

    const json = { message: "Again", session_id: "s1", stream: false };
    const once = { ...ann, headers: { "X-Muxi-Idempotency-Key": "k2" } };
    const slow = hold();
    models.reply({ before: slow.held });
    const asked = [one, two].map(({ api }) => api.call("POST", "/chat", { ...once, body: json }));
    await until("the model is asked", () => ask(models, "Again")[0]);
    slow.release();
    const [first, second] = await Promise.all(asked);
    expect(second?.body.data).toEqual(first?.body.data);
    expect(models.requests).toHaveLength(2);
    const { body: messages } = await two.api.get("/sessions/s1/messages", ann);
    expect(messages.data.count).toBe(4);
    const other = await two.api.call("POST", "/chat", { ...once, body: { ...json, message: "Other" } });
    expect([other.status, other.body.error.code]).toEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
  });

  test("one that is paused beyond its lease ends nothing that the other has taken over", async () => {
    const { held, release } = hold();
    const ledger = await startLedger();
    const { models, one, two, start } = await startTwo({ leaseTime: 2_000, toolUrl: ledger.url });
    const replies: string[] = [];
    models.defaultReply = notingReply(() => {
      replies.push("asked");
      return replies.length === 1 ? { text: ["From the paused one"], before: held } : { text: ["Done"] };
    });
    await two.crash();
    await one.api.call("POST", "/chat", asyncChat("Sow", "req_1"));
    await until("the model is asked for the answer", () => replies[0]);
    one.child.kill("SIGSTOP");
    const next = await start();
    await untilStatus(next.api, "req_1", "completed");
    one.child.kill("SIGCONT");
    release();
    await untilStatus(one.api, "req_1", "completed");
    expect((await one.api.get("/requests/req_1", ann)).body.data.result).toBe("Done");
    const { body } = await one.api.get("/sessions/s_req_1/messages", ann);
    expect(body.data.messages.map(({ content }: { content: string }) => content)).toEqual(["Sow", "Done"]);
    expect(ledger.calls).toEqual(["Sow"]);
  });

  test("no more jobs are begun at once than the formation allows, whoever begins which", async () => {
    const database = await createSchema();
    const log = pino({ level: "silent" });
    const opened = [1, 2, 3].map(() => openPostgres(database, { queryTimeout: 30, log }));
    const databases = await Promise.all(opened);
    onTestFinished(async () => void (await Promise.all(databases.map((each) => each.close()))));
    await query(
      `insert into job (formation_id, id, user_id, type, schedule, message, cron, run_at, exclusions, timezone, status,
          next_run, total_runs, total_failures, failures_in_row, created_at, updated_at)
        select 'orchard', 'job_' || n, 'u' || n % 4, 'prompt', 'now', 'Job', null, 1, '[]', 'UTC', 'active', 1,
          0, 0, 0, 1, 1
        from generate_series(1, 60) as n`,
      database,
    );
    const repositories = databases.map(createJobRepository);
    const jobs = await repositories[0]?.due("orchard", 2, { total: 60, perUser: 60 });
    expect(jobs).toHaveLength(60);
    const claim = (job: DueJob, index: number) =>
      repositories[index % repositories.length]?.claim(
        {
          formationId: "orchard",
          job,
          requestId: `req_${index}`,
          nextRun: null,
          late: false,
          now: 2,
          limits: { total: 9, perUser: 3 },
        },
        [],
      );
    const begun = await Promise.all((jobs ?? []).map(claim));
    expect(begun.filter((isBegun) => isBegun)).toHaveLength(9);
    const atWork = await query("select count(*) as runs from job_run group by user_id", database);
    expect(Math.max(...atWork.map(({ runs }) => Number(runs)))).toBe(3);
  });

  test.each(["none", "transaction"] as const)(
    "what one tells the others arrives whole, however long it is, in its own formation (pooler: %s)",
    async (pooler) => {
      const database = await createSchema();
      const log = pino({ level: "silent" });
      const open = () => openPostgres(database, { queryTimeout: 30, pooler, log });
      const [one, two] = await Promise.all([open(), open()]);
      onTestFinished(async () => void (await Promise.all([one.close(), two.close()])));
      const heard: string[] = [];
      two.hints.listen("feed", "orchard", (content) => heard.push(content));
      await until("it listens", () => heard.includes(""));
      const sent = ["short", "ä".repeat(3_900), "long ".repeat(20_000), "short again"];
      for (const content of sent) {
        one.hints.send({ topic: "feed", formationId: "meadow", content: "of another formation" });
        one.hints.send({ topic: "logs", formationId: "orchard", content: "of another topic" });
        one.hints.send({ topic: "feed", formationId: "orchard", content });
        await until("it is heard", () => heard.includes(content));
      }
      expect(heard.filter((content) => content !== "")).toEqual(sent);
    },
  );

  test("when all connections break, nothing that was accepted is lost", async () => {
    const ledger = await startLedger();
    const { models, one, two } = await startTwo({ leaseTime: 2_000, toolUrl: ledger.url });
    models.defaultReply = notingReply();
    const accepted: string[] = [];
    const processes = [one, two];
    for (let number = 0; number < 60; number++) {
      if (number % 15 === 7) {
        await query(
          "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
        );
      }
      const id = `req_${number}`;
      const answer = await processes[number % 2]?.api.call("POST", "/chat", asyncChat(`Row ${number}`, id));
      if (answer?.status === 202) accepted.push(id);
      else expect(answer?.body.error.code).toBe("SERVICE_UNAVAILABLE");
    }
    expect(accepted.length).toBeGreaterThan(50);
    for (const id of accepted) await untilStatus(one.api, id, "completed");
    expect(one.child.exitCode).toBeNull();
    expect(two.child.exitCode).toBeNull();
    expect(new Set(ledger.calls).size).toBe(ledger.calls.length);
  });

  test("an empty database is made ready by as many as start at once", async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const dir = await writeTestFormation(models.url, { database: await createSchema() });
    const all = await Promise.all([1, 2, 3, 4].map(() => startBuilt(dir)));
    for (const { api } of all) expect((await api.chat("Hello", ann)).status).toBe(200);
  });

  test("a database of a newer version is refused with a message", async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const database = await createSchema();
    const dir = await writeTestFormation(models.url, { database });
    const { crash } = await startBuilt(dir);
    await crash();
    await query("insert into schema_version values (999, 'later', '', 0)", database);
    const { code, output } = await startAndEnd(dir);
    expect(code).toBe(1);
    expect(output).toMatch(/newer version.*update muxi/);
  });
});
