import { describe, expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { type Api, collect, type Frame, framesOf, hold, textOf, untilStatus } from "./harness.ts";
import { startModelServer, writtenIn } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { readAsked, startBuilt, writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };

const asking = {
  text: [],
  toolCalls: [{ id: "c1", name: "ask_user", arguments: ['{"question":"Which field?"}'] }],
};

/** Frames as they come, kept, until the test ends. */
const follow = async (api: Api, route: string, options: { user?: string; key?: "admin" }) => {
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  const heard: Frame[] = [];
  const response = await api.request("GET", route, { ...options, signal: leave.signal });
  const keep = async () => {
    for await (const frame of framesOf(response)) heard.push(frame);
  };
  keep().catch(() => undefined);
  return heard;
};

describe.skipIf(!onPostgres).each([
  ["notifications", "none"],
  ["rows of a table", "transaction"],
])("behind a load balancer, with %s between the processes,", (_, pooler) => {
  const startThree = async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const dir = await writeTestFormation(models.url, {
      database: await createSchema(),
      persistent: { pooler },
      more: "overlord: { clarification: { style: conversational } }",
    });
    const [one, two, three] = await Promise.all([startBuilt(dir), startBuilt(dir), startBuilt(dir)]);
    return { models, one: one.api, two: two.api, three: three.api };
  };

  test("a stream that breaks is taken up in another process, again and again, with every event once", async () => {
    const { models, one, two, three } = await startThree();
    const words = Array.from({ length: 40 }, (_, number) => `word${number} `);
    const { held, release } = hold();
    models.reply({ text: words, pause: { after: 10, until: held } });
    const first = await one.stream({ message: "Count", request_id: "req_1", session_id: "s1" }, ann);
    const seen: Frame[] = [];
    for await (const frame of first) if (seen.push(frame) === 4) break;
    let turns = 0;
    while (!["done", "error"].includes(seen.at(-1)?.event ?? "")) {
      const api = [two, three, one][turns % 3] ?? one;
      turns += 1;
      if (turns === 3) release();
      const rest = framesOf(
        await api.request("GET", "/events/s1/req_1", {
          ...ann,
          headers: { "Last-Event-ID": seen.at(-1)?.id ?? "0" },
        }),
      );
      const enough = seen.length + 3;
      for await (const frame of rest) if (seen.push(frame) === enough) break;
    }
    expect(seen.map(({ id }) => Number(id))).toEqual(seen.map((_, index) => index + 1));
    expect(textOf(seen)).toBe(words.join(""));
    expect(models.requests).toHaveLength(1);
    expect(await collect(framesOf(await three.request("GET", "/events/s1/req_1", ann)))).toEqual(seen);
  });

  test("a question is answered in another process, and the request goes on there", async () => {
    const { models, one, two, three } = await startThree();
    models.reply(asking);
    const asked = await one.chat("Plant it", { ...ann, session: "s1" });
    const id = asked.body.data.request_id;
    expect(asked.body.data.message.metadata.clarification).toMatchObject({ question: "Which field?" });
    models.reply({ text: ["Planted."] });
    const answered = await two.chat("The north one", { ...ann, session: "s1" });
    expect([answered.body.data.request_id, answered.body.data.message.content]).toEqual([id, "Planted."]);
    await untilStatus(three, id, "completed");
    const { body } = await three.get("/sessions/s1/messages", ann);
    expect(body.data.messages.map(({ content }: { content: string }) => content)).toEqual([
      "Plant it",
      "Which field?",
      "The north one",
      "Planted.",
    ]);
  });

  test("messages of one session that go to several processes are answered in their order", async () => {
    const { models, one, two, three } = await startThree();
    const { held, release } = hold();
    models.defaultReply = (request) => {
      const { asked } = readAsked(request);
      return { text: [`Answer ${asked}`], ...(asked === "0" && { before: held }) };
    };
    const apis = [one, two, three];
    const answers: Promise<unknown>[] = [];
    for (let number = 0; number < 9; number++) {
      const api = apis[number % 3] ?? one;
      answers.push(api.chat(String(number), { ...ann, session: "s1" }));
      await untilExpected(`${number} is stored`, async () => {
        const { body } = await three.get("/requests", ann);
        expect(body.data.count).toBe(number + 1);
      });
    }
    release();
    await Promise.all(answers);
    expect(models.requests.map((request) => readAsked(request).asked)).toEqual(
      Array.from({ length: 9 }, (_, number) => String(number)),
    );
    const last = models.requests.at(-1)?.body as { messages: { role: string; content: string }[] };
    const conversation = last.messages.filter(({ role }) => role !== "system").map(({ content }) => content);
    expect(conversation.slice(-3).map(writtenIn)).toEqual(["7", "Answer 7", "8"]);
  });

  test("the feed of a user tells of their requests in every process, each event once, and of nobody else's", async () => {
    const { one, two, three } = await startThree();
    const heard = await follow(three, "/events", ann);
    const all = await follow(two, "/events", { key: "admin" });
    const eventsOf = (frames: readonly Frame[], session: string) =>
      frames.filter(({ data }) => data.session_id === session).map(({ data }) => data.type);
    let tries = 0;
    await until("both followers hear of a chat elsewhere", async () => {
      await one.chat("Hello", { ...ann, session: `try_${++tries}` });
      return heard.length > 0 && all.length > 0;
    });
    await one.chat("Hello", { user: "bob", session: "bobs" });
    await one.chat("Hello", { ...ann, session: "first" });
    await two.chat("Hello", { ...ann, session: "second" });
    await three.chat("Hello", { ...ann, session: "third" });
    const whole = ["chat.started", "agent.selected", "chat.completed"];
    for (const session of ["first", "second", "third"]) {
      await untilExpected(`the feed tells of the ${session}`, () =>
        expect(eventsOf(heard, session)).toEqual(whole),
      );
    }
    await untilExpected("the admin hears of it too", () => expect(eventsOf(all, "bobs")).toEqual(whole));
    expect(eventsOf(heard, "bobs")).toEqual([]);
  });

  test("the log stream shows what happens in every process, as far as it fits", async () => {
    const { models, one, two, three } = await startThree();
    const heard = await follow(two, "/logs?event_type=request.*&level=ERROR", { key: "admin" });
    const users = () => heard.map(({ data }) => data.user_id);
    models.defaultReply = { status: 400 };
    let tries = 0;
    await until("a failure elsewhere is heard of", async () => {
      await one.chat("Hello", { user: `try_${++tries}` });
      return heard.length > 0;
    });
    for (const [api, user] of [
      [one, "in one"],
      [two, "in two"],
      [three, "in three"],
    ] as const) {
      await api.chat("Hello", { user });
      await until(`the failure ${user} is heard of`, () => users().includes(user));
      expect(users().filter((each) => each === user)).toHaveLength(1);
    }
    expect(new Set(heard.map(({ data }) => data.event_type))).toEqual(new Set(["request.failed"]));
  });
});
