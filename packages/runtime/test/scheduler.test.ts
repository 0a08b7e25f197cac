import { describe, expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";

const start = async (files: Record<string, string> = {}) => startFormation(await writeFormation(files));

const admin = { key: "admin" } as const;

const daily = { type: "prompt", schedule: "0 9 * * *", message: "Summarise my day" };

const create = (api: Api, body: unknown, user?: string) =>
  api.call("POST", "/scheduler/jobs", { ...admin, body, ...(user !== undefined && { user }) });

test("a job is made, listed, read and deleted", async () => {
  const api = await start();
  const made = await create(api, daily, "ada");
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ object: "scheduled_job", type: "scheduler.job.created" });
  expect(made.body.data).toMatchObject({
    ...daily,
    id: expect.stringMatching(/^job_/),
    title: null,
    user_id: "ada",
    enabled: true,
    cron_expression: "0 9 * * *",
    description: "At 09:00 (UTC)",
    failure_count: 0,
    last_run: null,
  });
  expect(made.body.data.next_run).toMatch(/T09:00:00\.000Z$/);

  const { id } = made.body.data;
  const read = await api.get(`/scheduler/jobs/${id}`, admin);
  expect(read.body).toMatchObject({ type: "scheduler.job.retrieved", data: { id, runs: [] } });
  const listed = await api.get("/scheduler/jobs", { user: "ada" });
  expect(listed.body).toMatchObject({ object: "scheduled_job_list", type: "scheduler.jobs.list" });
  expect(listed.body.data).toMatchObject({ jobs: [{ id }], count: 1 });

  const deleted = await api.call("DELETE", `/scheduler/jobs/${id}`, admin);
  expect(deleted.body).toMatchObject({ object: "message", type: "scheduler.job.deleted" });
  expect((await api.get(`/scheduler/jobs/${id}`, admin)).body.error.code).toBe("RESOURCE_NOT_FOUND");
  expect((await api.call("DELETE", `/scheduler/jobs/${id}`, admin)).status).toBe(404);
});

test("a due job runs as its user, in its own session, and its run is in its history", async () => {
  // Time stands still until the job is made: its moment is not over by then, however slow the machine is.
  let held: number | undefined = Date.now();
  const schedule = new Date(held + 1).toISOString();
  const api = await startFormation(await writeFormation(), { now: () => held ?? Date.now() });
  const made = await create(
    api,
    { type: "one_time", schedule, message: "Remember that my tree is old" },
    "ada",
  );
  held = undefined;
  const { id, session_id } = made.body.data;
  const job = async () => (await api.get(`/scheduler/jobs/${id}`, admin)).body.data;
  await untilExpected("the job is done", async () => expect((await job()).status).toBe("completed"));
  expect(await job()).toMatchObject({
    enabled: false,
    next_run: null,
    last_run_status: "success",
    total_runs: 1,
    runs: [{ status: "success", due: schedule, late: false }],
  });
  const messages = await api.get(`/sessions/${session_id}/messages`, { user: "ada" });
  expect(messages.body.data.messages.map(({ content }: { content: string }) => content)).toEqual([
    "Remember that my tree is old",
    "I will remember: your tree is old.",
  ]);
});

test("a job is changed, paused and resumed as long as it has runs left", async () => {
  const api = await start();
  const { id } = (await create(api, { ...daily, exclusion_rules: [{ type: "cron", rule: "* * * * 0" }] }))
    .body.data;
  const change = (method: string, action = "", body?: unknown) =>
    api.call(method, `/scheduler/jobs/${id}${action}`, { ...admin, body });

  const changed = await change("PUT", "", {
    message: "Sum up",
    schedule: "every day at 7am",
    title: "Morning",
  });
  expect(changed.body).toMatchObject({
    object: "scheduled_job",
    type: "scheduler.job.updated",
    data: {
      message: "Sum up",
      title: "Morning",
      schedule: "every day at 7am",
      cron_expression: "0 7 * * *",
      next_run: expect.stringMatching(/T07:00:00\.000Z$/),
      exclusion_rules: [{ type: "cron", rule: "* * * * 0" }],
    },
  });
  expect((await change("PUT", "", { schedule: "99 9 * * *" })).status).toBe(422);

  const paused = { enabled: false, status: "paused", next_run: null };
  const { body } = await change("POST", "/pause");
  expect(body).toMatchObject({ type: "scheduler.job.paused", data: paused });
  expect((await change("POST", "/pause")).status).toBe(409);
  const resting = await change("PATCH", "", { schedule: "0 6 * * *" });
  const kept = { message: "Sum up", title: "Morning" };
  expect(resting.body.data).toMatchObject({ ...paused, cron_expression: "0 6 * * *", ...kept });
  expect((await change("PUT", "", { title: " " })).body.data).toMatchObject({ ...kept, title: null });
  expect((await change("POST", "/resume")).body).toMatchObject({
    type: "scheduler.job.resumed",
    data: { enabled: true, status: "active", next_run: expect.stringMatching(/T06:00:00\.000Z$/) },
  });
  expect((await change("POST", "/resume")).body.error.code).toBe("CONFLICT");
});

test("a completed job is not changed, and one whose only moment passed while it was paused is not resumed", async () => {
  let time = Date.now();
  const api = await startFormation(await writeFormation(), { now: () => time });
  const once = { type: "one_time", message: "Hello", schedule: new Date(time + 3_600_000).toISOString() };
  const { id } = (await create(api, once)).body.data;
  const call = (method: string, action = "", body?: unknown) =>
    api.call(method, `/scheduler/jobs/${id}${action}`, { ...admin, body });
  expect((await call("POST", "/pause")).status).toBe(200);
  time += 7_200_000;
  const late = await call("POST", "/resume");
  expect(late.body.error).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("has passed") });
  expect((await call("PUT", "", { schedule: new Date(time + 1).toISOString() })).status).toBe(200);
  expect((await call("POST", "/resume")).body.data.status).toBe("active");
  time += 1;
  await call("PUT", "", { message: "Hello again" });
  await untilExpected("it has run", async () =>
    expect((await call("GET")).body.data.status).toBe("completed"),
  );
  expect((await call("PUT", "", { message: "Too late" })).body.error.code).toBe("CONFLICT");
});

test("the user is the header's, else the body's, else 0", async () => {
  const api = await start();
  const users = [
    await create(api, { ...daily, user_id: "Ada" }, "ada"),
    await create(api, { ...daily, user_id: "bob" }),
    await create(api, daily),
  ].map(({ body }) => body.data.user_id);
  expect(users).toEqual(["ada", "bob", "0"]);
  const two = await create(api, { ...daily, user_id: "bob" }, "ada");
  expect([two.status, two.body.error.code]).toEqual([400, "INVALID_REQUEST"]);
});

test("a client sees its own jobs; an admin all, or those of one user or status", async () => {
  const api = await start();
  for (const user of ["ada", "bob", "bob"]) await create(api, daily, user);
  const count = async (route: string, options: object) => (await api.get(route, options)).body.data?.count;
  expect(await count("/scheduler/jobs", { user: "ada" })).toBe(1);
  expect(await count("/scheduler/jobs?user_id=bob", {})).toBe(2);
  expect((await api.get("/scheduler/jobs?user_id=bob", { user: "ada" })).status).toBe(400);
  expect(await count("/scheduler/jobs", admin)).toBe(3);
  expect(await count("/scheduler/jobs", { ...admin, user: "bob" })).toBe(2);
  expect(await count("/scheduler/jobs?user_id=bob", admin)).toBe(2);
  expect(await count("/scheduler/jobs?status=paused", admin)).toBe(0);
  expect((await api.get("/scheduler/jobs")).body.error.code).toBe("INVALID_REQUEST");
  expect((await api.call("POST", "/scheduler/jobs", { body: daily })).status).toBe(401);
});

test.each([
  ["0 9 13 * 5", ["2027-01-01", "2027-01-08", "2027-01-13"]],
  ["0 9 1-31 * mon", ["2027-01-01", "2027-01-02", "2027-01-03"]],
  ["0 9 15 * 0-6", ["2027-01-01", "2027-01-02", "2027-01-03"]],
  ["0 9 15 * 1-7", ["2027-01-01", "2027-01-02", "2027-01-03"]],
  ["0 9 * * FRI-MON", ["2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04", "2027-01-08"]],
  ["0 9 10 jan fri-sat", ["2027-01-01", "2027-01-02", "2027-01-08", "2027-01-09", "2027-01-10"]],
])("a job at %s runs next on these days", async (schedule, days) => {
  let time = Date.parse("2027-01-01T00:00:00Z");
  const api = await startFormation(await writeFormation(), { now: () => time });
  const found: string[] = [];
  for (const _ of days) {
    const { next_run } = (await create(api, { ...daily, schedule })).body.data;
    found.push(next_run);
    time = Date.parse(next_run);
  }
  expect(found).toEqual(days.map((day) => `${day}T09:00:00.000Z`));
});

test("words make a schedule, with exclusions and in the formation's zone", async () => {
  const scheduler = 'scheduler: { timezone: America/New_York, default_time: "07:30" }\n';
  const api = await start({ "formation.afs": manifest + scheduler });
  const made = await create(api, { ...daily, schedule: "every day except weekends" });
  expect(made.body.data).toMatchObject({
    schedule: "every day except weekends",
    cron_expression: "30 7 * * *",
    exclusion_rules: [{ type: "cron", rule: "* * * * 0,6" }],
    timezone: "America/New_York",
    description: "At 07:30 (America/New_York)",
  });
  expect((await api.get("/scheduler", admin)).body).toMatchObject({
    object: "scheduler",
    type: "scheduler.retrieved",
    data: {
      enabled: true,
      timezone: "America/New_York",
      check_interval_minutes: 1,
      max_concurrent_jobs: 10,
      max_failures_before_pause: 3,
      default_time: "07:30",
    },
  });
});

describe("what is refused", () => {
  test.each([
    [{ ...daily, type: "sometimes" }, 400, "VALIDATION_ERROR", "'sometimes'"],
    [{ ...daily, schedule: "99 9 * * *" }, 422, "INVALID_PARAMS", "minute has '99'"],
    [{ ...daily, schedule: "*/90 * * * *" }, 422, "INVALID_PARAMS", "step above 59"],
    [{ ...daily, schedule: "2020-01-01T00:00:00Z" }, 422, "INVALID_PARAMS", "past"],
    [
      { ...daily, schedule: "2020-01-01T00:00:00Z", type: "recurring" },
      422,
      "INVALID_PARAMS",
      "runs only once",
    ],
    [{ ...daily, schedule: "when pigs fly" }, 422, "INVALID_PARAMS", "not understood"],
    [{ ...daily, schedule: " " }, 422, "INVALID_PARAMS", "schedule"],
    [{ ...daily, message: " \n " }, 422, "INVALID_PARAMS", "message"],
    [{ ...daily, message: "x".repeat(10_001) }, 422, "INVALID_PARAMS", "message"],
    [{ type: "prompt", schedule: "daily" }, 422, "INVALID_PARAMS", "message"],
    [
      { ...daily, exclusion_rules: [{ type: "cron", rule: "*/90 * * * *" }] },
      422,
      "INVALID_PARAMS",
      "exclusion_rules.0: '*/90 * * * *' is not a valid cron expression: its minute '*/90' has a step above 59",
    ],
  ])("%j", async (body, status, code, words) => {
    const api = await start();
    const answer = await create(api, body, "ada");
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toContain(words);
    expect((await api.get("/scheduler/jobs", admin)).body.data.count).toBe(0);
  });

  test("jobs without persistent memory, or with the scheduler off", async () => {
    const forgetful = await start({ "formation.afs": `${manifest}memory: { persistent: false }\n` });
    expect((await create(forgetful, daily)).body.error.code).toBe("UNPROCESSABLE_ENTITY");
    const off = await start({ "formation.afs": `${manifest}scheduler: { enabled: false }\n` });
    expect((await create(off, daily)).body.error.code).toBe("SERVICE_UNAVAILABLE");
    expect((await off.get("/scheduler/jobs/job_1", admin)).status).toBe(503);
    expect((await off.get("/scheduler/jobs", { user: "ada" })).body.data).toEqual({
      jobs: [],
      count: 0,
      next: null,
    });
  });
});

test("the same call twice makes one job; the key with another body is refused", async () => {
  const api = await start();
  const headers = { "X-Muxi-Idempotency-Key": "k1" };
  const post = (body: unknown) =>
    api.call("POST", "/scheduler/jobs", { ...admin, user: "ada", headers, body });
  const [first, second] = await Promise.all([post(daily), post(daily)]);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.data.id).toBe(first.body.data.id);
  expect((await post({ ...daily, message: "Other" })).body.error.code).toBe("IDEMPOTENCY_KEY_REUSED");
  expect((await api.get("/scheduler/jobs", admin)).body.data.count).toBe(1);
});
