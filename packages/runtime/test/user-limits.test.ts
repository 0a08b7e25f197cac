import { expect, onTestFinished, test } from "vitest";
import { sectionOf } from "../../../test/spec-pages.ts";
import { untilExpected } from "../../../test/until.ts";
import { userLimits } from "../src/base/index.ts";
import { type Answer, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

const admin = { key: "admin" } as const;
const hour = 3_600_000;

/** A formation whose time the test moves, and whose model never finishes an answer. */
const start = async () => {
  const models = await startModelServer();
  models.defaultReply = { text: ["One"], stallAfter: 1 };
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
  });
  let time = Date.parse("2026-11-24T08:00:00Z");
  const api = await startFormation(dir, { now: () => time });
  const createAs = (user: string, schedule: string) => {
    const body = { type: "prompt", schedule, message: "Hello" };
    return api.call("POST", "/scheduler/jobs", { ...admin, user, body });
  };
  return {
    api,
    createAs,
    later: (milliseconds: number) => {
      time += milliseconds;
    },
    /** Creates jobs of ann, as many in each hour as are allowed. Gives their ids. */
    createMany: async (number: number): Promise<string[]> => {
      const ids: string[] = [];
      while (ids.length < number) {
        if (ids.length > 0 && ids.length % userLimits.newJobsAnHour.most === 0) time += hour;
        ids.push((await createAs("ann", "0 9 1 1 *")).body.data.id);
      }
      time += hour;
      return ids;
    },
    /** The states of the runs of a job. */
    runsOf: async (id: string): Promise<string[]> => {
      const { runs } = (await api.get(`/scheduler/jobs/${id}`, admin)).body.data;
      return runs.map(({ status }: { status: string }) => status);
    },
  };
};

const expectRefusal = (
  { status, body, headers }: Answer,
  { most, what }: { most: number; what: string },
  retryAfter: string | null,
) => {
  expect([status, body.error.code, headers.get("retry-after")]).toEqual([429, "RATE_LIMITED", retryAfter]);
  expect(body.error.message).toMatch(`User 'ann' may have at most ${most} ${what}`);
};

/** What happens beyond each limit. */
const beyond: Readonly<Record<keyof typeof userLimits, () => Promise<void>>> = {
  async activeJobs() {
    const { createAs, createMany } = await start();
    await createMany(userLimits.activeJobs.most);
    expectRefusal(await createAs("ann", "0 9 * * *"), userLimits.activeJobs, null);
    expect((await createAs("bob", "0 9 * * *")).status).toBe(201);
  },
  async newJobsAnHour() {
    const { api, createAs, later } = await start();
    for (let n = 0; n < userLimits.newJobsAnHour.most; n += 1) {
      const { body } = await createAs("ann", "0 9 * * *");
      // Deleting a job makes no room for another one.
      expect((await api.call("DELETE", `/scheduler/jobs/${body.data.id}`, admin)).status).toBe(200);
    }
    expectRefusal(await createAs("ann", "0 9 * * *"), userLimits.newJobsAnHour, "3600");
    later(hour);
    expect((await createAs("ann", "0 9 * * *")).status).toBe(201);
  },
  async newJobsADay() {
    const { api, createAs, createMany, later } = await start();
    const [first] = await createMany(userLimits.newJobsADay.most);
    await api.call("POST", `/scheduler/jobs/${first}/pause`, admin);
    expectRefusal(await createAs("ann", "0 9 * * *"), userLimits.newJobsADay, "86400");
    later(24 * hour);
    expect((await createAs("ann", "0 9 * * *")).status).toBe(201);
  },
  async runningJobs() {
    const { createAs, later, runsOf } = await start();
    const idOf = ({ body }: Answer): string => body.data.id;
    const ofAnn: string[] = [];
    for (let n = 0; n <= userLimits.runningJobs.most; n += 1) {
      ofAnn.push(idOf(await createAs("ann", "2026-11-24T09:00:00Z")));
    }
    const ofBob = [
      idOf(await createAs("bob", "2026-11-24T09:00:00Z")),
      idOf(await createAs("bob", "2026-11-24T09:00:30Z")),
    ];
    // A new job makes the scheduler look; the run of bob's tells that it has.
    for (const id of ofBob) {
      later(id === ofBob[0] ? hour : 31_000);
      await createAs("bob", "0 9 1 1 *");
      await untilExpected("a job of bob runs", async () => expect(await runsOf(id)).toEqual(["running"]));
    }
    const runs = (await Promise.all(ofAnn.map(runsOf))).flat();
    expect(runs).toEqual(Array(userLimits.runningJobs.most).fill("running"));
  },
  async documentsWaiting() {
    const { api } = await start();
    const page = { filename: "page.html", content: Buffer.from("<p>One").toString("base64") };
    const body = { message: "Read it", mode: "async", files: [{ ...page, content_type: "text/html" }] };
    const send = (user: string) => api.call("POST", "/chat", { user, body });
    // Some may be read before the last ones come.
    const sent = Array.from({ length: userLimits.documentsWaiting.most * 2 }, () => send("ann"));
    const ofBob = await send("bob");
    const answers = await Promise.all(sent);
    expect(ofBob.status).toBe(202);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused).not.toEqual([]);
    for (const answer of refused) expectRefusal(answer, userLimits.documentsWaiting, "5");
  },
};

test.each(Object.entries(beyond))("beyond %s a user is refused or waits", (_, exceed) => exceed());

test("every limit of a user is in the specification", () => {
  const text = sectionOf("formation-api.md", "Limits");
  const limits = Object.values(userLimits).map(({ most, what }) => `${most} ${what}`);
  expect(limits.filter((limit) => !text.includes(limit))).toEqual([]);
});
