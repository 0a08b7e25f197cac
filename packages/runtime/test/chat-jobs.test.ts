import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Api, manifest, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { writeLearning } from "./learning.ts";
import type { ModelServer } from "./model-server.ts";

const say = async (api: Api, message: string, { user = "ann", session = "s1" } = {}) =>
  (await api.chat(message, { user, session })).body.data;

const jobsOf = async (api: Api, user = "ann") => (await api.get("/scheduler/jobs", { user })).body.data.jobs;

const start = async () => startFormation(await writeFormation());

const orderOf = "Remind me every weekday at 9 to check the stock";

describe("without a language model", () => {
  test("a user has a job made after a yes, sees it, and has it paused, resumed and cancelled", async () => {
    const api = await start();
    const asked = await say(api, orderOf);
    expect(asked.message.content).toMatch(
      /- When: every weekday at 9\n- Next: \w+day, [\d-]{10} 09:00 \(UTC\)\nShall I\?$/,
    );
    expect(asked.message.metadata.interrupt).toMatchObject({
      kind: "approval",
      tool: {
        name: "make_job",
        arguments: { schedule: "0 9 * * 1-5", message: "Reminder: check the stock" },
      },
    });
    expect(await jobsOf(api)).toEqual([]);
    expect((await say(api, "yes")).message.content).toContain("Scheduled: Reminder: check the stock");
    const [job, ...others] = await jobsOf(api);
    expect(others).toEqual([]);
    expect(job).toMatchObject({ user_id: "ann", cron_expression: "0 9 * * 1-5", status: "active" });

    const listed = (await say(api, "What have I scheduled?")).message.content;
    expect(listed).toContain(`1. Reminder: check the stock (0 9 * * 1-5) [active] (${job.id})`);
    for (const [order, status] of [
      ["pause it", "paused"],
      ["resume the first one", "active"],
    ] as const) {
      expect((await say(api, order)).message.content).toContain(job.id);
      const ended = status === "paused" ? "is paused" : "runs again";
      expect((await say(api, "yes")).message.content).toContain(ended);
      expect(await jobsOf(api)).toMatchObject([{ id: job.id, status }]);
    }
    await say(api, "cancel the first one");
    expect(await jobsOf(api)).toHaveLength(1);
    expect((await say(api, "yes")).message.content).toContain("is deleted");
    expect(await jobsOf(api)).toEqual([]);
  });

  test("what was asked for is done after a yes also when the words that were about jobs have left the history", async () => {
    const api = await startFormation(
      await writeFormation({ "formation.afs": `${manifest}memory: { buffer: { size: 2 } }\n` }),
    );
    await say(api, orderOf);
    await say(api, "yes");
    await say(api, "What have I scheduled?");
    expect((await say(api, "pause it")).message.content).toContain("I would pause this");
    expect((await say(api, "yes")).message.content).toContain("is paused");
    expect(await jobsOf(api)).toMatchObject([{ status: "paused" }]);
  });

  test("nothing is made when the user says no", async () => {
    const api = await start();
    await say(api, orderOf);
    expect((await say(api, "no")).message.content).toContain("does not want that");
    expect(await jobsOf(api)).toEqual([]);
  });

  test("the jobs of others are neither shown nor found, by arguments of an answer either", async () => {
    const api = await start();
    await say(api, orderOf);
    await say(api, "yes");
    const [job] = await jobsOf(api);
    const bob = { user: "bob", session: "b1" };
    expect((await say(api, "list my jobs", bob)).message.content).toBe("Nothing is scheduled.");
    expect((await say(api, `delete job ${job.id}`, bob)).message.content).toContain("not clear which");
    await say(api, orderOf, bob);
    await say(api, "yes", bob);
    const { request_id, message } = await say(api, "delete the first job", bob);
    const { id, tool } = message.metadata.interrupt;
    const given = await api.call("POST", `/requests/${request_id}/answer`, {
      user: "bob",
      body: { interrupt_id: id, action: "approve", edited_args: { ...tool.arguments, job: job.id } },
    });
    expect(given.status).toBe(202);
    await untilStatus(api, request_id, "completed", "bob");
    expect(await jobsOf(api)).toHaveLength(1);
    expect(await jobsOf(api, "bob")).toHaveLength(1);
  });
});

test("where the scheduler is off, an order makes nothing", async () => {
  const api = await startFormation(
    await writeFormation({
      "formation.afs": "schema: '1.0.0'\nid: f\ndescription: F\nscheduler: { enabled: false }\n",
    }),
  );
  expect((await say(api, orderOf)).message.metadata?.interrupt).toBeUndefined();
});

describe("with a language model", () => {
  const call = (name: string, args: object) => ({
    text: [],
    toolCalls: [{ id: "c1", name, arguments: [JSON.stringify(args)] }],
  });
  const start = async () => {
    const { server, dir } = await writeLearning("extraction: false, user_synopsis: { enabled: false }");
    await mkdir(path.join(dir, "triggers"));
    await writeFile(path.join(dir, "triggers/note.md"), "Remind me every day to ${{ data.what }}");
    server.defaultReply = { text: ["I see"] };
    return { server, api: await startFormation(dir) };
  };
  const lastSeenBy = ({ requests }: ModelServer) => JSON.stringify(requests.at(-1)?.body);
  const daily = { schedule: "every day at 7am", message: "Water the plums", timezone: "Europe/Berlin" };

  test("a job that the model makes is in the zone that it names, and only there after a yes", async () => {
    const { server, api } = await start();
    await say(api, "How are you?");
    expect(lastSeenBy(server)).not.toContain("make_job");
    server.reply(call("make_job", daily));
    const asked = await say(api, "Erinnere mich jeden Morgen um 7 an die Pflaumen");
    expect(asked.message.content).toMatch(/- What: Water the plums\n.*\n- Next: .* 07:00 \(Europe\/Berlin\)/);
    expect(await jobsOf(api)).toEqual([]);
    server.defaultReply = { text: ["It is done"] };
    expect((await say(api, "ja, bitte")).message.content).toBe("It is done");
    expect(lastSeenBy(server)).toContain("Scheduled: Water the plums");
    expect(await jobsOf(api)).toMatchObject([
      { cron_expression: "0 7 * * *", timezone: "Europe/Berlin", message: "Water the plums" },
    ]);
  });

  test("a job that is changed keeps its exclusions, and takes no others", async () => {
    const { server, api } = await start();
    server.reply(call("make_job", { ...daily, schedule: "every day at 7am except weekends" }));
    await say(api, "Remind me of the plums every day, but not at weekends");
    await say(api, "yes");
    const rules = [{ type: "cron", rule: "* * * * 0,6" }];
    expect(await jobsOf(api)).toMatchObject([{ exclusion_rules: rules }]);
    server.reply(
      call("change_job", { job: "1", action: "change", schedule: "every day at 8am except Mondays" }),
    );
    expect((await say(api, "At 8, and not on Mondays")).message.content).toBe("I see");
    expect(lastSeenBy(server)).toContain("those of a job stay as they are");
    server.reply(call("change_job", { job: "1", action: "change", schedule: "every day at 8am" }));
    expect((await say(api, "Then only at 8")).message.content).toContain("08:00 (Europe/Berlin)");
    await say(api, "yes");
    expect(await jobsOf(api)).toMatchObject([{ cron_expression: "0 8 * * *", exclusion_rules: rules }]);
  });

  test("what a trigger says is offered no tool of jobs, and makes none", async () => {
    const { server, api } = await start();
    server.reply(call("make_job", daily));
    const body = { data: { what: "water" }, use_async: false };
    const fired = await api.call("POST", "/triggers/note", { user: "ann", body });
    expect(fired.status).toBe(200);
    expect(JSON.stringify(server.requests.map((request) => request.body))).not.toContain(
      '"name":"list_jobs"',
    );
    expect(lastSeenBy(server)).toContain("There is no tool named make_job");
    expect(await jobsOf(api)).toEqual([]);
  });
});
