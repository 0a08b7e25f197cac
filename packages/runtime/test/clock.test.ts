import { describe, expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { type Api, hold, untilStatus } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";
import { startImpatient, writeTestFormation } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

const hour = 3_600_000;
const ann = { user: "ann" };

const inBackground = (request_id: string, webhook_url?: string) => ({
  ...ann,
  body: { message: `Do ${request_id}`, request_id, mode: "async", ...(webhook_url && { webhook_url }) },
});

test.skipIf(onPostgres)(
  "a clock that is set back by an hour holds nothing up and repeats nothing",
  async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const { held, release } = hold();
    const receiver = await startReceiver((n) => ({ status: n === 0 ? 503 : 204 }));
    const dir = await writeTestFormation(models.url, {});
    const { child, api, crash } = await startImpatient(dir, 2_000);
    const setClock = async (clock: number) => {
      child.send({ clock });
      const isSet = async () =>
        Math.abs((await api.get("/requests/none", ann)).body.timestamp - Date.now() - clock) < hour / 2;
      await until("the clock is set", isSet);
    };
    await setClock(hour);
    await api.call("POST", "/chat", inBackground("req_1", receiver.url));
    // The first try has failed and the next one is due in a second: by the old clock.
    await untilExpected("the first attempt is received", () => expect(receiver.received).toHaveLength(1));
    models.reply({ text: ["Late"], before: held });
    await api.call("POST", "/chat", inBackground("req_2"));
    await untilExpected("the model is asked twice", () => expect(models.requests).toHaveLength(2));
    await setClock(0);

    await untilExpected("the second attempt is received", () => expect(receiver.received).toHaveLength(2));
    await api.call("POST", "/chat", inBackground("req_3"));
    await untilStatus(api, "req_3", "completed");
    release();
    await untilStatus(api, "req_2", "completed");
    expect(models.requests).toHaveLength(3);

    // What a crash leaves behind is taken up though it was begun in the future.
    await setClock(hour);
    models.reply({ stallAfter: 1 });
    await api.call("POST", "/chat", inBackground("req_4"));
    await untilExpected("the model is asked for the fourth time", () =>
      expect(models.requests).toHaveLength(4),
    );
    await crash();
    const again = await startImpatient(dir, 2_000);
    await untilStatus(again.api, "req_4", "completed");
  },
);

test.skipIf(!onPostgres)(
  "a process whose clock is an hour ahead takes nothing from one that lives",
  async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const { held, release } = hold();
    const database = await createSchema();
    const dir = await writeTestFormation(models.url, { database });
    const one = await startImpatient(dir, 1_500);
    models.reply({ text: ["Late"], before: held });
    await one.api.call("POST", "/chat", inBackground("req_1"));
    await untilExpected("the model is asked", () => expect(models.requests).toHaveLength(1));
    const two = await startImpatient(dir, 1_500);
    two.child.send({ clock: hour });
    const signs = new Set<unknown>();
    await until("the lease is prolonged beyond the life of one", async () => {
      const [row] = await query("select lease_until from request where id = 'req_1'", database);
      return signs.add(row?.lease_until).size > 6;
    });
    release();
    await untilStatus(two.api, "req_1", "completed");
    expect(models.requests).toHaveLength(1);
  },
);

describe.skipIf(!onPostgres)("processes whose machines' clocks are hours apart", () => {
  const startApart = async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const dir = await writeTestFormation(models.url, {
      database: await createSchema(),
      more: "overlord: { clarification: { style: conversational } }",
    });
    const [early, late] = await Promise.all([
      startImpatient(dir, 1_500, 2 * hour),
      startImpatient(dir, 1_500, -2 * hour),
    ]);
    return { models, early, late };
  };
  const offBy = async (api: Api) =>
    Math.abs((await api.get("/requests/none", ann)).body.timestamp - Date.now());

  test("tell the same time, also after the clock of one is set", async () => {
    const { early, late } = await startApart();
    for (const { api } of [early, late]) expect(await offBy(api)).toBeLessThan(hour / 10);
    late.child.send({ clock: 3 * hour });
    await until("its time is right again", async () => (await offBy(late.api)) < hour / 10);
  });

  test("run a job when it is due, once, and neither hours before nor after", async () => {
    const { models, early, late } = await startApart();
    const schedule = async (message: string, inMilliseconds: number) => {
      const body = {
        type: "prompt",
        message,
        schedule: new Date(Date.now() + inMilliseconds).toISOString(),
      };
      const made = await early.api.call("POST", "/scheduler/jobs", { key: "admin", user: "ann", body });
      expect([made.status, made.body.error]).toEqual([201, null]);
      return made.body.data.id;
    };
    const later = await schedule("In an hour", hour);
    const soon = await schedule("Soon", 2_000);
    const jobOf = async (id: string) =>
      (await late.api.get(`/scheduler/jobs/${id}`, { key: "admin", user: "ann" })).body.data;
    await untilExpected("the job is done", async () =>
      expect(await jobOf(soon)).toMatchObject({ status: "completed", total_runs: 1 }),
    );
    expect(await jobOf(later)).toMatchObject({ status: "active", total_runs: 0 });
    expect(models.requests).toHaveLength(1);
  });

  test("take the answer to a question in time, whoever has asked", async () => {
    const { models, early, late } = await startApart();
    models.reply({
      text: [],
      toolCalls: [{ id: "c1", name: "ask_user", arguments: ['{"question":"Which field?"}'] }],
    });
    const asked = await late.api.chat("Plant it", { ...ann, session: "s1" });
    const { request_id } = asked.body.data;
    expect(asked.body.data.message.metadata.clarification).toMatchObject({ question: "Which field?" });
    const answered = await early.api.chat("The north one", { ...ann, session: "s1" });
    expect(answered.body.data.request_id).toBe(request_id);
  });
});
