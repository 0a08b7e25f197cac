import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type ChatEvent, FormationClient } from "../../client/src/index.ts";
import { type Api, collect, framesOf, keys, startFormation, textOf, untilStatus } from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { type Started, startBuilt, writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };
const identity = { sessionId: "s1", requestId: "req_1" };

const openModels = async (): Promise<ModelServer> => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = { text: ["Plums ", "are ", "pruned ", "in wi", "nter"], stallAfter: 4 };
  return models;
};

const submit = async ({ api }: Started) => {
  const body = { message: "When are plums pruned?", request_id: "req_1", session_id: "s1", mode: "async" };
  expect((await api.call("POST", "/chat", { ...ann, body })).status).toBe(202);
};

const clientOf = ({ api }: Started) => new FormationClient({ url: api.url, clientKey: keys.clientKey });

/** Follows with the SDK, and says what it has heard so far. */
const follow = (started: Started, after = 0) => {
  const stream = clientOf(started).resumeChat({ ...identity, after }, { userId: "ann" });
  const heard: ChatEvent[] = [];
  const shown = () =>
    heard.reduce((text, event) => {
      if (event.type !== "text") return text;
      return "replace" in event && event.replace ? event.text : text + event.text;
    }, "");
  const end = (async () => {
    for await (const event of stream) heard.push(event);
  })();
  end.catch(() => {});
  return { stream, heard, shown, end };
};

const numbersIn = (frames: readonly { id: string | undefined }[]) => frames.map(({ id }) => Number(id));

test("whoever follows a request across kill -9 of its process ends with the answer that was given at last", async () => {
  const models = await openModels();
  const dir = await writeTestFormation(models.url, {});
  const first = await startBuilt(dir);
  await submit(first);
  const follower = follow(first);
  await untilExpected("the answer has begun", () => expect(follower.shown()).toMatch(/^Plums are/));
  const { position } = follower.stream;
  await first.crash();

  models.defaultReply = { text: ["In ", "summer."] };
  const again = await startBuilt(dir, Number(new URL(first.api.url).port));
  await follower.end;
  expect(follower.shown()).toBe("In summer.");
  expect(follower.heard.at(-1)).toMatchObject({ type: "done", finish_reason: "stop" });
  expect(follower.heard.filter(({ type }) => type === "progress")).toMatchObject([
    { stage: "agent_selected" },
    { stage: "restarted" },
    { stage: "agent_selected" },
  ]);

  const replay = async (after: number) => {
    const route = `/events/s1/req_1?after=${after}`;
    return collect(framesOf(await again.api.request("GET", route, ann)));
  };
  const whole = await replay(0);
  expect(whole.map(({ event }) => event)).toEqual(["progress", "text", "progress", "text", "text", "done"]);
  expect(numbersIn(whole)).toEqual(numbersIn(whole).map((_, index) => 2 ** 20 + 1 + index));
  expect(await replay(position)).toEqual(whole);
  expect(await replay(2 ** 20 + 4)).toEqual(whole.slice(4));
  expect(textOf(whole)).toBe("In summer.");
});

test("a second crash is followed like the first", async () => {
  const models = await openModels();
  const dir = await writeTestFormation(models.url, {});
  let running = await startBuilt(dir);
  const port = Number(new URL(running.api.url).port);
  await submit(running);
  const follower = follow(running);
  for (const reply of [["Second ", "try"], ["Third."]]) {
    await untilExpected("the answer has begun", () => expect(follower.shown()).not.toBe(""));
    await running.crash();
    models.defaultReply = { text: reply, ...(reply.length > 1 && { stallAfter: 2 }) };
    running = await startBuilt(dir, port);
    await untilExpected("the next answer has begun", () => expect(follower.shown()).toBe(reply[0]));
  }
  await follower.end;
  expect(follower.shown()).toBe("Third.");
});

test("the answer to a question that is begun anew still knows what was asked", async () => {
  const models = await openModels();
  const dir = await writeTestFormation(models.url, { more: "overlord: { clarification: { style: brief } }" });
  const first = await startBuilt(dir);
  const say = (message: string, more: object) =>
    first.api.call("POST", "/chat", { ...ann, body: { message, session_id: "s1", stream: false, ...more } });
  const question = { id: "c1", name: "ask_user", arguments: ['{"question":"Which field?"}'] };
  models.reply({ text: [], toolCalls: [question] });
  const { request_id } = (await say("Plant it", {})).body.data;
  expect((await say("The north one", { request_id, threshold_seconds: 0.3 })).status).toBe(202);
  await first.crash();

  models.defaultReply = { text: ["Planted."] };
  const asked = models.requests.length;
  const { api } = await startBuilt(dir);
  await untilStatus(api, request_id, "completed");
  expect(models.requests[asked]?.body).toMatchObject({
    messages: [
      { role: "system" },
      { role: "user", content: "Plant it" },
      { role: "assistant", content: "Which field?" },
      { role: "user", content: expect.stringMatching(/\nThe north one$/) },
    ],
  });
});

test("a request that waits is answered from what was said before it", async () => {
  const models = await openModels();
  const dir = await writeTestFormation(models.url, {});
  const first = await startBuilt(dir);
  await submit(first);
  await models.request(0);
  const later = { message: "And pears?", request_id: "req_2", session_id: "s1", mode: "async" };
  await first.api.call("POST", "/chat", { ...ann, body: later });
  await first.crash();
  models.defaultReply = { text: ["In winter."] };
  const asked = models.requests.length;
  const { api } = await startBuilt(dir);
  await untilStatus(api, "req_1", "completed");
  const again = models.requests.slice(asked).map(({ body }) => JSON.stringify(body));
  expect(
    again.filter((body) => body.includes("When are plums pruned?") && !body.includes("And pears?")),
  ).toHaveLength(1);
});

describe("an answer in the foreground that its process has no time to finish", () => {
  const startAnswer = async () => {
    const models = await openModels();
    const dir = await writeTestFormation(models.url, {});
    const first = await startFormation(dir);
    const endAndStartAgain = async () => {
      models.defaultReply = { text: ["In ", "summer."] };
      await first.runtime.close(0);
      return startFormation(dir);
    };
    return { models, first, endAndStartAgain };
  };
  const body = { message: "When are plums pruned?", request_id: "req_1", session_id: "s1" };
  const rolesIn = async (api: Api) =>
    (await api.get("/sessions/s1/messages", ann)).body.data.messages.map(
      ({ role }: { role: string }) => role,
    );

  test("goes on in the next one, where its stream is taken up", async () => {
    const { first, endAndStartAgain } = await startAnswer();
    const stream = await first.stream(body, ann);
    const seen = [(await stream.next()).value, (await stream.next()).value];
    const again = await endAndStartAgain();
    const rest = await collect(stream);
    expect(rest.map(({ event }) => event)).not.toContain("error");
    const after = rest.at(-1)?.id ?? seen.at(-1)?.id;
    const route = `/events/s1/req_1?after=${after}`;
    const whole = await collect(framesOf(await again.request("GET", route, ann)));
    expect(whole.map(({ event }) => event)).toEqual(["progress", "text", "progress", "text", "text", "done"]);
    expect(textOf(whole)).toBe("In summer.");
    expect(await rolesIn(again)).toEqual(["user", "assistant"]);
  });

  test("is given to a caller who repeats the call under its key", async () => {
    const { models, first, endAndStartAgain } = await startAnswer();
    const call = { ...ann, headers: { "X-Muxi-Idempotency-Key": "k1" }, body: { ...body, stream: false } };
    const asking = first.call("POST", "/chat", call);
    await models.request(0);
    const again = await endAndStartAgain();
    const refused = await asking;
    expect([refused.status, refused.body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    const { status, body: answer } = await again.call("POST", "/chat", call);
    expect([status, answer.data.message.content]).toEqual([200, "In summer."]);
    expect(await rolesIn(again)).toEqual(["user", "assistant"]);
  });

  test("fails for a caller who has no way to come back to it", async () => {
    const { models, first, endAndStartAgain } = await startAnswer();
    const asking = first.call("POST", "/chat", { ...ann, body: { ...body, stream: false } });
    await models.request(0);
    const again = await endAndStartAgain();
    expect((await asking).status).toBe(503);
    await untilStatus(again, "req_1", "failed");
  });
});

describe.skipIf(!onPostgres)("with several processes", () => {
  test("a reader at another process than the one that is killed ends with the same answer", async () => {
    const models = await openModels();
    const dir = await writeTestFormation(models.url, { database: await createSchema() });
    const working = await startBuilt(dir);
    await submit(working);
    await models.request(0);
    const other = await startBuilt(dir);
    const follower = follow(other);
    await untilExpected("the answer has begun", () => expect(follower.shown()).toMatch(/^Plums are/));
    models.defaultReply = { text: ["In ", "summer."] };
    await working.crash();
    await follower.end;
    expect(follower.shown()).toBe("In summer.");
  });
});
