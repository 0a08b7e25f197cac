import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Api, untilStatus } from "./harness.ts";
import { type ReceivedRequest, startModelServer, writtenIn } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { notingReply, seeded, startImpatient, startLedger, writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };
const kills = 10;
/** Milliseconds of work before a kill, at most. */
const longestLife = 400;

/** What the user has said since the last answer, as the model reads it. */
const saidIn = ({ body }: ReceivedRequest): string[] => {
  const { messages } = body as {
    messages: { role: string; content: string | null; tool_calls?: unknown }[];
  };
  const last = messages.findLastIndex(({ role, tool_calls }) => role === "assistant" && !tool_calls);
  return messages
    .slice(last + 1)
    .filter(({ role }) => role === "user")
    .map(({ content }) => writtenIn(content ?? ""));
};

const send = (api: Api, message: string, more: object) =>
  api.call("POST", "/chat", { ...ann, body: { message, stream: false, mode: "async", ...more } });

const requestOf = async (api: Api, id: string) => (await api.get(`/requests/${id}`, ann)).body.data;

test(`of messages that steer, ${kills} kills lose none and have none answered twice`, async () => {
  const random = seeded(7);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger(() => sleep(random() * 60));
  models.defaultReply = notingReply((request) => ({
    text: [`Answer to ${saidIn(request).join(" and ")}`],
    before: sleep(random() * 30),
  }));
  const dir = await writeTestFormation(models.url, {
    toolUrl: ledger.url,
    ...(onPostgres && { database: await createSchema() }),
  });
  const accepted: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const { api, crash } = await startImpatient(dir, 30_000);
    const steer = async (each: number) => {
      const number = kill * 10 + each;
      const session_id = `s${number}`;
      await send(api, `Row ${number}`, { session_id, request_id: `row_${number}` });
      await sleep(random() * 40);
      const more = { session_id, request_id: `also_${number}`, on_busy: "steer" };
      if ((await send(api, `Also ${number}`, more)).status === 202) accepted.push(number);
    };
    await steer(0);
    // What breaks off with the process was not accepted.
    const rest = Promise.allSettled([1, 2, 3, 4, 5].map(steer));
    await sleep(random() * longestLife);
    await crash();
    await rest;
  }
  expect(accepted.length).toBeGreaterThan(kills);

  const { api } = await startImpatient(dir, 30_000);
  let steered = 0;
  for (const number of accepted) {
    await untilStatus(api, `row_${number}`, "completed");
    await untilStatus(api, `also_${number}`, "completed");
    const row = await requestOf(api, `row_${number}`);
    const also = await requestOf(api, `also_${number}`);
    const { messages } = (await api.get(`/sessions/s${number}/messages`, ann)).body.data;
    const contents = messages.map(({ content }: { content: string }) => content);
    const isSteered = also.metadata?.answered_by === `row_${number}`;
    if (isSteered) steered += 1;
    const own = [`Answer to Row ${number}`, `Answer to Also ${number}`];
    const answers = isSteered ? [`Answer to Row ${number} and Also ${number}`] : own;
    expect([row.result, also.result]).toEqual(isSteered ? [answers[0], ""] : answers);
    expect(contents.toSorted()).toEqual([...answers, `Also ${number}`, `Row ${number}`].toSorted());
  }
  expect(steered).toBeGreaterThan(0);
  expect(steered).toBeLessThanOrEqual(accepted.length);
}, 180_000);

test.skipIf(!onPostgres)("a message steers or interrupts an answer that another process gives", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger(() => sleep(100));
  const call = { id: "c1", name: "ledger__note", arguments: ['{"entry":"again"}'] };
  models.defaultReply = (request) => {
    const said = saidIn(request);
    if (said.includes("stall")) return said.includes("stop") ? {} : { text: ["Half"], stallAfter: 1 };
    return said.includes("enough") ? { text: ["Done."] } : { text: [], toolCalls: [call] };
  };
  const dir = await writeTestFormation(models.url, {
    toolUrl: ledger.url,
    database: await createSchema(),
    more: "mcp: { max_tool_iterations: 100, max_tool_calls: 100 }",
  });
  const [one, two] = await Promise.all([startImpatient(dir, 30_000), startImpatient(dir, 30_000)]);

  const first = one.api.chat("note", { ...ann, session: "s1" });
  await until("it is at work", () => ledger.calls[0]);
  await send(two.api, "enough", { session_id: "s1", request_id: "req_enough", on_busy: "steer" });
  const { data } = (await first).body;
  expect(data.message.content).toBe("Done.");
  expect((await requestOf(two.api, "req_enough")).metadata.answered_by).toBe(data.request_id);

  const stalled = one.api.chat("stall", { ...ann, session: "s2" });
  await until("the model is asked", () =>
    models.requests.find((request) => saidIn(request).includes("stall")),
  );
  // The model is asked while the request is being stored.
  await until("the request is stored", async () => {
    const { requests } = (await two.api.get("/requests", ann)).body.data;
    return requests.some(({ status }: { status: string }) => status === "processing");
  });
  await send(two.api, "stop", { session_id: "s2", request_id: "req_stop", on_busy: "interrupt" });
  expect((await stalled).status).toBe(499);
  await untilStatus(two.api, "req_stop", "completed");
});
