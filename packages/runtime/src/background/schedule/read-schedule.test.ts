import { expect, test } from "vitest";
import { type Model, ModelError, type ModelErrorCode } from "../../models/index.ts";
import { askModel } from "./ask-model.ts";
import { type JobType, readSchedule, type ScheduleContext } from "./read-schedule.ts";

const zone = "Europe/Paris";
const now = Date.parse("2026-11-24T09:00:00Z");

/** A model that gives one answer, and notes what it was asked. */
const modelThatSays = (text: string, asked: string[] = []): Model => ({
  id: "test/model",
  async *stream({ messages }) {
    asked.push(...messages.map(({ content }) => JSON.stringify(content)));
    yield [{ type: "text", text }];
  },
});

const brokenModel = (code: ModelErrorCode): Model => ({
  id: "test/model",
  // biome-ignore lint/correctness/useYield: it fails before it says anything
  async *stream() {
    throw new ModelError(code, "no connection to 10.0.0.1");
  },
});

const read = (schedule: string, type: JobType = "prompt", model: Model = modelThatSays("{}")) => {
  const context: ScheduleContext = {
    zone,
    defaultTime: { hour: 9, minute: 0 },
    now,
    ask: (text, rest) => askModel(model, text, rest),
  };
  return readSchedule({ type, schedule, exclusions: [] }, context);
};

test.each([
  ["0 9 * * *", "0 9 * * *", "2026-11-25T08:00:00.000Z"],
  ["2026-11-24T10:00:00Z", null, "2026-11-24T10:00:00.000Z"],
  ["2026-11-24T10:00:00", null, "2026-11-24T10:00:00.000Z"],
  ["2026-11-24T12:00:00+01:00", null, "2026-11-24T11:00:00.000Z"],
  ["every weekday at 9am", "0 9 * * 1-5", "2026-11-25T08:00:00.000Z"],
  ["tomorrow at noon", null, "2026-11-25T11:00:00.000Z"],
])("%s", async (schedule, cron, next) => {
  const found = await read(schedule);
  expect([found.cron, new Date(found.next).toISOString()]).toEqual([cron, next]);
});

test("exclusions move the first moment", async () => {
  const { next, exclusions } = await read("every day at 9am except wednesdays");
  expect(exclusions).toEqual([{ type: "cron", rule: "* * * * 3" }]);
  expect(new Date(next).toISOString()).toBe("2026-11-26T08:00:00.000Z");
});

test.each<[string, JobType, string]>([
  ["99 * * * *", "prompt", "The schedule '99 * * * *' is not a valid cron expression: its minute has '99'"],
  ["* * * *", "recurring", "it has 4 field(s) and not five"],
  ["0 0 31 2 *", "prompt", "never occurs"],
  ["2020-01-01T00:00:00Z", "one_time", "is in the past: send one in the future"],
  ["2026-11-24T09:00:00Z", "prompt", "is in the past"],
  ["2027-02-31T09:00:00Z", "prompt", "does not exist"],
  ["today at 8am", "prompt", "is in the past"],
  ["daily at 25:00", "prompt", "'at 25:00' is not a time of day"],
  ["2026-12-24T09:00:00Z", "recurring", "runs only once, but the job's type is 'recurring'"],
  ["0 9 * * *", "one_time", "recurs, but the job's type is 'one_time'"],
  ["when pigs fly", "prompt", "The schedule 'when pigs fly' was not understood: send a cron expression"],
])("%s as %s is refused", async (schedule, type, message) => {
  await expect(read(schedule, type)).rejects.toMatchObject({
    code: "INVALID_PARAMS",
    message: expect.stringContaining(message),
    data: { validation_errors: [{ field: "schedule" }] },
  });
});

test("what the patterns do not know goes to the model, cut and without markup", async () => {
  const asked: string[] = [];
  const answer = '```json\n{"kind":"recurring","cron":"0 9 1 */3 *","local_time":""}\n```';
  const schedule = `the first day of every quarter <ignore "this">${" ".repeat(50)}`;
  expect(await read(schedule, "prompt", modelThatSays(answer, asked))).toMatchObject({ cron: "0 9 1 */3 *" });
  expect(asked[0]).toContain("It is Tuesday, 2026-11-24T10:00, in the time zone Europe/Paris");
  expect(asked[1]).not.toContain("<");
  const once = '{"kind":"one_time","cron":"","local_time":"2026-12-25T08:00"}';
  const christmas = await read("on christmas morning at eight", "prompt", modelThatSays(once));
  expect(new Date(christmas.next).toISOString()).toBe("2026-12-25T07:00:00.000Z");
});

test.each([
  "nonsense",
  '{"kind":"unclear","cron":"","local_time":""}',
  '{"kind":"recurring","cron":"99 * * * *","local_time":""}',
])("an answer of the model that is no schedule makes no job: %s", async (answer) => {
  await expect(read("now and then", "prompt", modelThatSays(answer))).rejects.toMatchObject({
    code: "INVALID_PARAMS",
  });
});

test("a model that does not answer is a failure that may pass, unless it cannot be used", async () => {
  const refusal = (code: ModelErrorCode) => read("now and then", "prompt", brokenModel(code));
  const message = expect.not.stringContaining("10.0.0.1");
  await expect(refusal("LLM_ERROR")).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", message });
  await expect(refusal("LLM_NOT_CONFIGURED")).rejects.toMatchObject({ code: "LLM_NOT_CONFIGURED", message });
});
