import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import { until, untilExpected } from "../../../../test/until.ts";
import { sql } from "../store/database/index.ts";
import { createJobRepository, openSqlite } from "../store/index.ts";
import { createJobBook } from "./job-book.ts";
import type { JobType } from "./schedule/index.ts";
import { startScheduler } from "./scheduler.ts";

const minute = 60_000;
const formationId = "orchard";

/** A clock that the test moves, a database file, and as many schedulers on it as the test starts. */
const openBench = async (start: string) => {
  const dir = temporaryFolder();
  let time = Date.parse(start);
  const now = () => time;
  const open = () => {
    const db = openSqlite(path.join(dir, "memory.db"));
    onTestFinished(() => db.close());
    return { db, jobs: createJobRepository(db) };
  };
  const { db, jobs } = open();
  await db.write([{ text: "create table said (request_id text, user_id text, message text)", values: [] }]);

  const book = createJobBook({
    formationId,
    jobs,
    zone: "UTC",
    defaultTime: { hour: 9, minute: 0 },
    ask: async () => undefined,
    now,
  });
  const said = () =>
    db.read<{ request_id: string; user_id: string; message: string }>(
      sql`select * from said order by request_id`,
    );

  return {
    jobs,
    book,
    said,
    /** As an earlier version may have stored it. */
    storeCron: (jobId: string, cron: string) =>
      db.write([sql`update job set cron = ${cron} where id = ${jobId}`]),
    add: (schedule: string, message = "Hello", userId = "ada", type: JobType = "prompt") =>
      book.add({ userId, type, schedule, message, exclusions: [], idempotency: undefined }),
    setTime: (iso: string) => {
      time = Date.parse(iso);
    },
    start: (maxConcurrentJobs = 10) => {
      const own = open();
      const scheduler = startScheduler({
        formationId,
        jobs: own.jobs,
        settings: { checkInterval: minute, maxConcurrentJobs },
        accept: ({ requestId, userId, message }) => [
          sql`insert into said (request_id, user_id, message) values (${requestId}, ${userId}, ${message})`,
        ],
        onAccepted: () => {},
        fail: async () => {},
        now,
        log: pino({ level: "silent" }),
      });
      onTestFinished(() => scheduler.close());
      return scheduler;
    },
    end: async (requestId: string, error: string | null) => {
      await db.write(jobs.ended({ formationId, requestId, error, now: now() }, 3));
    },
    /** Ends every run that is at work. */
    endAll: async (error: string | null) => {
      const open = await db.read<{ request_id: string }>(
        sql`select request_id from job_run where status = 'running'`,
      );
      for (const { request_id } of open) {
        await db.write(jobs.ended({ formationId, requestId: request_id, error, now: now() }, 3));
      }
      return open.length;
    },
  };
};

test("a due job is said once by its user, and its next moment is set", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  const job = await bench.add("0 9 * * *", "Summarise my day");
  const scheduler = bench.start();
  bench.setTime("2026-11-24T09:00:00Z");
  scheduler.wake();
  await until("a job has begun", async () => (await bench.said())[0]);
  const [said] = await bench.said();
  expect(said).toMatchObject({ user_id: "ada", message: "Summarise my day" });
  await bench.end(said?.request_id ?? "", null);
  const after = await bench.book.get(job.id);
  expect(after).toMatchObject({ totalRuns: 1, lastRunStatus: "success", failuresInRow: 0, status: "active" });
  expect(new Date(after.nextRun ?? 0).toISOString()).toBe("2026-11-25T09:00:00.000Z");
  expect(await bench.book.runs(job.id)).toMatchObject([{ status: "success", late: 0 }]);
});

test("of two schedulers on one database, exactly one runs each moment of a job", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  const users = ["ada", "bob", "cy", "dee"];
  for (const user of users) for (let n = 0; n < 5; n += 1) await bench.add("*/5 * * * *", `job ${n}`, user);
  const schedulers = [bench.start(100), bench.start(100), bench.start(100)];
  for (const [round, time] of ["08:05", "08:10", "08:15"].entries()) {
    bench.setTime(`2026-11-24T${time}:00Z`);
    for (const scheduler of schedulers) scheduler.wake();
    await until("all jobs have begun", async () => (await bench.said()).length >= 20 * (round + 1));
    for (const scheduler of schedulers) scheduler.wake();
    expect(await bench.endAll(null)).toBe(20);
  }
  expect(await bench.said()).toHaveLength(60);
});

test("no more run at once than the formation and a user may; the rest wait for their turn", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  for (let n = 0; n < 12; n += 1) await bench.add("0 9 * * *", `job ${n}`);
  for (let n = 0; n < 4; n += 1) await bench.add("0 9 * * *", `job ${n}`, "bob");
  const scheduler = bench.start(7);
  bench.setTime("2026-11-24T09:00:00Z");
  let done = 0;
  const rounds: number[] = [];
  while (done < 16) {
    scheduler.wake();
    await until("more jobs have begun", async () => (await bench.said()).length > done);
    const count = await bench.endAll(null);
    rounds.push(count);
    done += count;
  }
  expect(Math.max(...rounds)).toBeLessThanOrEqual(7);
  expect(await bench.said()).toHaveLength(16);
});

test("three failures in a row pause a job, and a success in between starts the count again", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  const job = await bench.add("0 * * * *");
  const scheduler = bench.start();
  const outcomes = ["fail", "ok", "fail", "fail", "fail"];
  for (const [index, outcome] of outcomes.entries()) {
    bench.setTime(`2026-11-24T${String(9 + index).padStart(2, "0")}:00:00Z`);
    // As a scheduler that was at work all the time.
    await bench.jobs.heartbeat(
      formationId,
      Date.parse(`2026-11-24T${String(9 + index).padStart(2, "0")}:00:00Z`),
    );
    scheduler.wake();
    await untilExpected("the job has begun", async () => expect(await bench.said()).toHaveLength(index + 1));
    await bench.endAll(outcome === "ok" ? null : "The model did not answer");
  }
  expect(await bench.book.get(job.id)).toMatchObject({
    status: "paused",
    nextRun: null,
    totalRuns: 5,
    totalFailures: 4,
    failuresInRow: 3,
    lastRunError: "The model did not answer",
  });
});

test("after downtime a recurring job goes on, and a missed job that runs once is made up for within a day", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  const hourly = await bench.add("30 * * * *", "hourly");
  const once = await bench.add("2026-11-24T09:00:00Z", "once");
  const old = await bench.add("2026-11-24T08:30:00Z", "old");
  const first = bench.start();
  await until("the scheduler has looked", () => bench.jobs.lastHeartbeat(formationId));
  await first.close();

  bench.setTime("2026-11-25T08:45:00Z");
  bench.start();
  await until("a job has begun", async () => (await bench.said())[0]);
  await bench.endAll(null);
  expect((await bench.said()).map(({ message }) => message)).toEqual(["once"]);
  expect(await bench.book.runs(once.id)).toMatchObject([{ late: 1, status: "success" }]);
  expect(await bench.book.get(once.id)).toMatchObject({ status: "completed", nextRun: null });
  expect(await bench.book.get(old.id)).toMatchObject({ status: "completed", lastRunStatus: "failed" });
  const { nextRun, totalRuns } = await bench.book.get(hourly.id);
  expect([new Date(nextRun ?? 0).toISOString(), totalRuns]).toEqual(["2026-11-25T09:30:00.000Z", 0]);
});

test.each([
  ["while a scheduler runs", true],
  ["before one is started", false],
])("a clock that is set back %s: recurring jobs run by the new one, none twice", async (_, isRunning) => {
  const bench = await openBench("2027-11-24T09:59:30Z");
  const hourly = await bench.add("0 * * * *", "hourly");
  const first = bench.start();
  await until("the scheduler has looked", () => bench.jobs.lastHeartbeat(formationId));
  bench.setTime("2027-11-24T10:00:00Z");
  first.wake();
  await untilExpected("the job has begun", async () => expect(await bench.said()).toHaveLength(1));
  await bench.endAll(null);

  const backAt = async (time: string) => {
    bench.setTime(time);
    if (isRunning) first.wake();
    else {
      await first.close();
      bench.start();
    }
  };
  const nextRun = async () => new Date((await bench.book.get(hourly.id)).nextRun ?? 0).toISOString();
  // By an hour: the run of 10:00 was before that.
  await backAt("2027-11-24T09:00:30Z");
  await untilExpected("the scheduler has looked", async () =>
    expect(await bench.jobs.lastHeartbeat(formationId)).toBe(Date.parse("2027-11-24T09:00:30Z")),
  );
  expect([await nextRun(), (await bench.said()).length]).toEqual(["2027-11-24T11:00:00.000Z", 1]);
  // By a year.
  await backAt("2026-11-24T09:30:00Z");
  await untilExpected("it is computed anew", async () =>
    expect(await nextRun()).toBe("2026-11-24T10:00:00.000Z"),
  );
});

test.each([
  ["when it is due", "09:00", true],
  ["when it was missed", "12:30", false],
  ["when the clock is set back", "07:30", true],
])("a stored schedule that is refused today pauses its job %s, and no other", async (_, time, isRunning) => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  const broken = await bench.add("0 9 * * *", "broken");
  const once = await bench.add("in 8 hours", "once");
  const first = bench.start();
  await until("the scheduler has looked", () => bench.jobs.lastHeartbeat(formationId));
  if (!isRunning) await first.close();
  await bench.storeCron(broken.id, "*/90 * * * *");

  bench.setTime(`2026-11-24T${time}:00Z`);
  const scheduler = isRunning ? first : bench.start();
  scheduler.wake();
  await untilExpected("it is paused", async () =>
    expect(await bench.book.get(broken.id)).toMatchObject({
      ...{ status: "paused", nextRun: null, lastRunStatus: "failed" },
      lastRunError:
        "The schedule '*/90 * * * *' is not valid any more: its minute '*/90' has a step above 59. Send a new one and resume the job.",
    }),
  );
  await expect(bench.book.resume(broken.id)).rejects.toMatchObject({ code: "INVALID_PARAMS" });
  bench.setTime("2026-11-24T16:00:00Z");
  scheduler.wake();
  await untilExpected("the other has begun", async () =>
    expect(await bench.said()).toMatchObject([{ message: "once" }]),
  );
  await bench.book.update(broken.id, { schedule: "0 17 * * *" });
  expect(await bench.book.resume(broken.id)).toMatchObject({ status: "active", cron: "0 17 * * *" });
  expect(await bench.book.get(once.id)).toMatchObject({ lastRunError: null });
});

test("a job that was deleted while its run is at work runs to its end and leaves nothing", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  const job = await bench.add("in 10 minutes");
  const scheduler = bench.start();
  bench.setTime("2026-11-24T08:10:00Z");
  scheduler.wake();
  await untilExpected("the job has begun", async () => expect(await bench.said()).toHaveLength(1));
  await bench.book.remove(job.id);
  const [said] = await bench.said();
  await bench.end(said?.request_id ?? "", null);
  await expect(bench.book.get(job.id)).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
});

test("a user makes at most 20 jobs an hour", async () => {
  const bench = await openBench("2026-11-24T08:00:00Z");
  for (let n = 0; n < 20; n += 1) await bench.add("daily");
  await expect(bench.add("daily")).rejects.toMatchObject({ code: "RATE_LIMITED", retryAfter: 3_600 });
  await bench.add("daily", "Hello", "bob");
});
