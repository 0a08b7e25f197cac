import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import {
  type Api,
  collect,
  hold,
  manifest,
  startFormation,
  textOf,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import { type ReceivedRequest, startModelServer, writtenIn } from "./model-server.ts";
import { startLedger } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

const ann = { user: "ann" };

interface Opening {
  /** Rules of the server, and of the agent. */
  approval?: string;
  ofAgent?: string;
  /** Waited for before the ledger answers. */
  before?: () => Promise<unknown>;
  /** What the model wants to note. */
  entry?: string;
}

/** A formation whose model wants to note what it is told, and answers with what came of that. */
const open = async ({ approval = "always", ofAgent = "never", entry = "17", before }: Opening = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger(before);
  models.defaultReply = ({ body }) => {
    // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
    const { messages } = body as any;
    const last = messages.at(-1);
    if (last.role === "tool") return { text: [`It said: ${last.content}`] };
    const call = { id: "c1", name: "ledger__note", arguments: [JSON.stringify({ entry })] };
    return { text: ["One moment."], toolCalls: [call] };
  };
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
    "agents/clerk.afs": `schema: "1.0.0"
id: clerk
name: Clerk
description: Keeps the ledger
tools: { approval: ${ofAgent} }
`,
    "mcp/ledger.afs": `id: ledger
description: The ledger
type: http
endpoint: ${ledger.url}
tools: { approval: ${approval} }
`,
  });
  const clock = { ahead: 0 };
  const start = () => startFormation(dir, { now: () => Date.now() + clock.ahead });
  return { models, ledger, clock, start, api: await start() };
};

const say = async (api: Api, message: string, more: object = {}) =>
  (await api.call("POST", "/chat", { ...ann, body: { message, stream: false, session_id: "s1", ...more } }))
    .body;

/** A request that waits for a yes. */
const ask = async (api: Api) => {
  const { data } = await say(api, "Note it");
  const { interrupt, clarification } = data.message.metadata;
  expect(clarification.question).toBe('May I call ledger__note with {"entry":"17"}?');
  expect(interrupt).toMatchObject({
    id: expect.stringMatching(/^int_/),
    kind: "approval",
    prompt: clarification.question,
    tool: { name: "ledger__note", server: "ledger", server_tool: "note", arguments: { entry: "17" } },
  });
  return { id: data.request_id as string, interrupt: interrupt.id as string };
};

/** What a model reads behind its instructions. */
const conversationOf = ({ body }: ReceivedRequest): string[] => {
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const { messages } = body as any;
  return messages
    .filter(({ role }: { role: string }) => role !== "system")
    .map(({ role, content }: { role: string; content: string }) => `${role}: ${writtenIn(content)}`);
};

const answer = (api: Api, id: string, body: object, caller: object = ann) =>
  api.call("POST", `/requests/${id}/answer`, { ...caller, body });

const resultOf = async (api: Api, id: string) => {
  await untilStatus(api, id, "completed");
  return (await api.get(`/requests/${id}`, ann)).body.data;
};

describe("a call that needs approval", () => {
  test("waits for it, is made once, and the answer goes on where it was", async () => {
    const { api, ledger, models } = await open();
    const { id, interrupt } = await ask(api);
    expect(ledger.calls).toEqual([]);
    expect((await api.get(`/requests/${id}`, ann)).body.data).toMatchObject({
      status: "awaiting_clarification",
      interrupt: { id: interrupt },
    });
    const given = await answer(api, id, { interrupt_id: interrupt, action: "approve" });
    expect([given.status, given.body.data]).toEqual([
      202,
      { request_id: id, session_id: "s1", status: "pending" },
    ]);
    expect(await resultOf(api, id)).toMatchObject({ result: "It said: Noted 17" });
    expect(ledger.calls).toEqual(["17"]);
    expect(models.requests).toHaveLength(2);
    expect((await answer(api, id, { interrupt_id: interrupt, action: "approve" })).status).toBe(409);
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages.map(({ content }: { content: string }) => content)).toEqual([
      "Note it",
      'One moment.\n\nMay I call ledger__note with {"entry":"17"}?',
      "It said: Noted 17",
    ]);
  });

  test("may be approved in the session, and the stream has what is new", async () => {
    const { api, ledger } = await open();
    const { id } = await ask(api);
    const frames = await collect(await api.stream({ message: "Yes, please!", session_id: "s1" }, ann));
    expect(textOf(frames)).toBe("It said: Noted 17");
    expect(frames.flatMap(({ data }) => (data.type.startsWith("tool_") ? [data.type] : []))).toEqual([
      "tool_call",
      "tool_result",
    ]);
    expect(frames.at(-1)?.data).toMatchObject({ type: "done", request_id: id });
    expect(ledger.calls).toEqual(["17"]);
  });

  test.each([
    ["in the session", async (api: Api) => say(api, "yes")],
    [
      "by its id",
      async (api: Api, { id, interrupt }: Awaited<ReturnType<typeof ask>>) =>
        answer(api, id, { interrupt_id: interrupt, action: "approve" }),
    ],
  ])("given %s goes on with the conversation that it began with", async (_, approve) => {
    const { api, models } = await open();
    models.reply({ text: ["Hi."] });
    await say(api, "Hello");
    const asked = await ask(api);
    await approve(api, asked);
    await resultOf(api, asked.id);
    const [, began, wentOn] = models.requests.map(conversationOf);
    expect(began).toEqual(["user: Hello", "assistant: Hi.", "user: Note it"]);
    expect(wentOn).toEqual([...(began ?? []), "assistant: One moment.", "tool: Noted 17"]);
  });

  test.each(["no", "Nein, bloß nicht", "yes, but 18", "What does it do?"])(
    "is not made when the user says %j, and the model reads that",
    async (words) => {
      const { api, ledger } = await open();
      await ask(api);
      const { data } = await say(api, words);
      expect(data.message.content).toContain("did not approve this call");
      expect(data.message.content).toContain(words);
      expect(ledger.calls).toEqual([]);
    },
  );

  test.each(["ja", "Oui, d'accord", "sí, por favor", "sim", "OK!", "Go ahead: yes"])(
    "is made when the user says %j",
    async (words) => {
      const { api, ledger } = await open();
      await ask(api);
      await say(api, words);
      expect(ledger.calls).toEqual(["17"]);
    },
  );

  test("is made when the later message of its session is answered that was at work at the yes", async () => {
    const { api, ledger, models } = await open();
    const { id, interrupt } = await ask(api);
    const { held, release } = hold();
    models.reply({ before: held, text: ["Later."] });
    const asked = models.requests.length;
    await say(api, "Something else", { mode: "async" });
    await until("it is at work", () => models.requests[asked]);
    await answer(api, id, { interrupt_id: interrupt, action: "approve" });
    // The queue has looked when another one is answered.
    models.reply({ text: ["Elsewhere."] });
    const { data } = await say(api, "Elsewhere", { mode: "async", session_id: "s2" });
    await untilStatus(api, data.request_id, "completed");
    expect(ledger.calls).toEqual([]);
    release();
    await resultOf(api, id);
    expect(ledger.calls).toEqual(["17"]);
  });

  test("is not made again when its process ended while it was under way, and the model reads that", async () => {
    const stuck = hold();
    const { api, ledger, start } = await open({ before: () => stuck.held });
    const { id, interrupt } = await ask(api);
    await answer(api, id, { interrupt_id: interrupt, action: "approve" });
    await untilExpected("the call is under way", () => expect(ledger.calls).toEqual(["17"]));
    await api.runtime.close(0);
    stuck.release();
    expect((await resultOf(await start(), id)).result).toContain("whether it was carried out is not known");
    expect(ledger.calls).toEqual(["17"]);
  });

  test("is made with other arguments when they are given", async () => {
    const { api, ledger } = await open();
    const { id, interrupt } = await ask(api);
    await answer(api, id, { interrupt_id: interrupt, action: "approve", edited_args: { entry: "18" } });
    expect(await resultOf(api, id)).toMatchObject({ result: "It said: Noted 18" });
    expect(ledger.calls).toEqual(["18"]);
  });

  test.each([{ entry: 18 }, {}, { entry: "18", more: "x".repeat(100_001) }])(
    "is not made with arguments that its tool does not take, and still waits",
    async (edited_args) => {
      const { api, ledger } = await open();
      const { id, interrupt } = await ask(api);
      const refused = await answer(api, id, { interrupt_id: interrupt, action: "approve", edited_args });
      expect([refused.status, refused.body.error.data.validation_errors[0].field]).toEqual([
        422,
        "edited_args",
      ]);
      await untilStatus(api, id, "awaiting_clarification");
      expect(ledger.calls).toEqual([]);
    },
  );

  test("is made after a restart, by the admin too, and the audit log says who decided on what", async () => {
    const { api, ledger, start } = await open();
    const { id, interrupt } = await ask(api);
    await api.runtime.close(0);
    const again = await start();
    const body = { interrupt_id: interrupt, action: "approve" };
    expect((await answer(again, id, body, { key: "admin" })).status).toBe(202);
    await resultOf(again, id);
    expect(ledger.calls).toEqual(["17"]);
    const { entries } = (await again.get("/audit?resource_type=tool", { key: "admin" })).body.data;
    expect(entries).toMatchObject([
      {
        action: "tool.approved",
        resource_id: "ledger__note",
        user_id: "ann",
        request_id: id,
        outcome: "success",
        details: { by: "admin", arguments: { entry: "17" } },
      },
    ]);
  });

  test("needs no further one in the session, or for the user, when that is said", async () => {
    for (const remember of ["session", "user"] as const) {
      const { api, ledger } = await open();
      const { id, interrupt } = await ask(api);
      await answer(api, id, { interrupt_id: interrupt, action: "approve", remember });
      await resultOf(api, id);
      const sameSession = (await say(api, "Note it again")).data;
      expect(sameSession.message.content).toContain("Noted 17");
      const other = (await say(api, "Note it", { session_id: "s2" })).data;
      expect(other.message.metadata.interrupt === undefined).toBe(remember === "user");
      expect(ledger.calls).toHaveLength(remember === "user" ? 3 : 2);
      const bob = { user: "bob", body: { message: "Note it", stream: false, session_id: "s1b" } };
      expect((await api.call("POST", "/chat", bob)).body.data.message.metadata.interrupt).toBeDefined();
    }
  });

  test("needs one again when what is remembered was taken back, or its session deleted", async () => {
    const { api, ledger } = await open();
    const approve = async (remember: string) => {
      const { id, interrupt } = await ask(api);
      await answer(api, id, { interrupt_id: interrupt, action: "approve", remember });
      await resultOf(api, id);
    };
    const listed = async (caller: object) => (await api.get("/approvals", caller)).body.data.approvals;
    await approve("user");
    expect(await listed(ann)).toEqual([
      { server: "ledger", tool: "note", session_id: null, created_at: expect.any(String) },
    ]);
    expect(await listed({ user: "bob" })).toEqual([]);
    const revoke = async (caller: object) =>
      (await api.call("DELETE", "/approvals/ledger/note", caller)).body.data.revoked;
    expect([await revoke({ user: "bob" }), await revoke(ann), await revoke(ann)]).toEqual([0, 1, 0]);
    await approve("session");
    await api.call("DELETE", "/memory/buffer/s1", ann);
    expect(await listed(ann)).toEqual([]);
    await ask(api);
    expect(ledger.calls).toHaveLength(2);
  });

  test("is found among the requests that wait, with what it waits for", async () => {
    const { api } = await open();
    const { id, interrupt } = await ask(api);
    const waiting = async (caller: object) =>
      (await api.get("/requests?waiting=true", caller)).body.data.requests;
    expect(await waiting(ann)).toMatchObject([{ request_id: id, interrupt: { id: interrupt } }]);
    expect(await waiting({ user: "bob" })).toEqual([]);
    await answer(api, id, { interrupt_id: interrupt, action: "deny" });
    await resultOf(api, id);
    expect(await waiting(ann)).toEqual([]);
  });

  test("is told to the webhook of a request in the background, which goes on when it is approved", async () => {
    const { api, ledger } = await open();
    const receiver = await startReceiver();
    const body = { message: "Note it", mode: "async", webhook_url: receiver.url, session_id: "s1" };
    const { data } = (await api.call("POST", "/chat", { ...ann, body })).body;
    await untilStatus(api, data.request_id, "awaiting_clarification");
    const interrupt = (await api.get(`/requests/${data.request_id}`, ann)).body.data.interrupt.id;
    await answer(api, data.request_id, { interrupt_id: interrupt, action: "approve" });
    await resultOf(api, data.request_id);
    await untilExpected("both webhooks are here", () => expect(receiver.received).toHaveLength(2));
    expect(receiver.received.map((each) => JSON.parse(each.body))).toMatchObject([
      { status: "awaiting_clarification", interrupt: { id: interrupt, kind: "approval" } },
      { status: "completed", response: [{ text: "It said: Noted 17" }] },
    ]);
    expect(ledger.calls).toEqual(["17"]);
  });
});

describe("the link in a webhook", () => {
  /** A request in the background that waits for a yes, with the address of its page. */
  const link = async (opened: Awaited<ReturnType<typeof open>>, message = "Note it") => {
    const { api } = opened;
    const receiver = await startReceiver();
    const body = { message, mode: "async", webhook_url: receiver.url, session_id: "s1" };
    const { data } = (await api.call("POST", "/chat", { ...ann, body })).body;
    await untilExpected("the webhook is here", () => expect(receiver.received).toHaveLength(1));
    const { interrupt } = JSON.parse(receiver.received[0]?.body ?? "{}");
    return { id: data.request_id as string, address: `${api.url}${interrupt.link}`, interrupt };
  };

  test("shows what would be done, does it once, and is over then", async () => {
    const opened = await open();
    const { api, ledger } = opened;
    const { id, address } = await link(opened);
    const page = await fetch(address);
    expect([page.status, page.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const text = await page.text();
    expect(text).toContain("&quot;entry&quot;: &quot;17&quot;");
    expect(text).not.toContain("<script");
    await untilStatus(api, id, "awaiting_clarification");
    const action = /action="([^"]+approve)"/.exec(text)?.[1] ?? "";
    const target = new URL(action, address);
    const posted = await Promise.all(
      [1, 2, 3].map(async () => (await fetch(target, { method: "POST" })).status),
    );
    expect(posted.sort()).toEqual([200, 410, 410]);
    expect(await resultOf(api, id)).toMatchObject({ result: "It said: Noted 17" });
    expect(ledger.calls).toEqual(["17"]);
    expect((await fetch(address)).status).toBe(410);
    const { entries } = (await api.get("/audit?resource_type=tool", { key: "admin" })).body.data;
    expect(entries).toMatchObject([{ action: "tool.approved", user_id: "ann", details: { by: "link" } }]);
  });

  test("stands in no access log", async () => {
    const lines: string[] = [];
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(line) });
    const dir = await writeFormation({ "formation.afs": `${manifest}server: { access_log: true }\n` });
    const api = await startFormation(dir, { log });
    await fetch(`${api.url}/v1/approve/secret-token`);
    await fetch(`${api.url}/v1/approve/secret-token/deny`, { method: "POST" });
    await untilExpected("both are logged", () =>
      expect(lines.filter((line) => line.includes("/v1/approve/{token}"))).toHaveLength(2),
    );
    expect(lines.join("")).not.toContain("secret-token");
  });

  test("denies too, and does nothing when its time is over or another has decided", async () => {
    const opened = await open();
    const { api, ledger, clock } = opened;
    const first = await link(opened);
    expect((await fetch(`${first.address}/deny`, { method: "POST" })).status).toBe(200);
    expect((await resultOf(api, first.id)).result).toContain("did not approve");
    const second = await link(opened);
    await answer(api, second.id, { interrupt_id: second.interrupt.id, action: "deny" });
    expect((await fetch(`${second.address}/approve`, { method: "POST" })).status).toBe(410);
    await resultOf(api, second.id);
    const third = await link(opened);
    clock.ahead = 3_601_000;
    expect((await fetch(third.address)).status).toBe(410);
    expect((await fetch(`${third.address}/approve`, { method: "POST" })).status).toBe(410);
    expect(ledger.calls).toEqual([]);
  });

  test("opens nothing when it is changed, and shows no markup of arguments", async () => {
    const hostile = `</pre><script>alert(1)</script><img src=x onerror='a'>"`;
    const opened = await open({ entry: hostile });
    const { api, ledger } = opened;
    const { id, address } = await link(opened);
    const [content, signature = ""] = address.split("/approve/")[1]?.split(".") ?? [];
    const at = (token: string) => address.replace(/[^/]+$/, token);
    const other = Buffer.from(JSON.stringify([id, "int_other"])).toString("base64url");
    for (const token of ["x", `${content}.`, `${content}.${signature.slice(1)}`, `${other}.${signature}`]) {
      expect((await fetch(at(token))).status).toBe(404);
      expect((await fetch(`${at(token)}/approve`, { method: "POST" })).status).toBe(404);
    }
    const text = await (await fetch(address)).text();
    expect(text).not.toMatch(/<script|<img|onerror='/);
    expect(text).toContain("&lt;script&gt;");
    expect((await fetch(`${address}/approve`)).status).toBe(405);
    await untilStatus(api, id, "awaiting_clarification");
    expect(ledger.calls).toEqual([]);
  });
});

describe("an answer to a request", () => {
  test("that comes too late is gone, and cancels it", async () => {
    const { api, clock } = await open();
    const { id, interrupt } = await ask(api);
    clock.ahead = 3_601_000;
    expect((await answer(api, id, { interrupt_id: interrupt, action: "approve" })).status).toBe(410);
    await untilStatus(api, id, "cancelled");
  });

  test("that nobody gives in time ends the request, by itself, and its webhook is told", async () => {
    const { api, clock } = await open();
    const receiver = await startReceiver();
    const body = { message: "Note it", mode: "async", webhook_url: receiver.url, session_id: "s1" };
    const { data } = (await api.call("POST", "/chat", { ...ann, body })).body;
    await untilStatus(api, data.request_id, "awaiting_clarification");
    clock.ahead = 3_601_000;
    await untilStatus(api, data.request_id, "cancelled");
    expect((await api.get(`/requests/${data.request_id}`, ann)).body.data.error).toBe(
      "The user did not answer in time",
    );
    await untilExpected("the webhook is told", () =>
      expect(receiver.received.map((each) => JSON.parse(each.body))).toContainEqual(
        expect.objectContaining({
          request_id: data.request_id,
          status: "failed",
          error: { code: "processing_failed", message: "The user did not answer in time", trace: null },
        }),
      ),
    );
  });

  test("is given once, however many come at the same time", async () => {
    const { api, ledger } = await open();
    const { id, interrupt } = await ask(api);
    const yes = { interrupt_id: interrupt, action: "approve" };
    const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await answer(api, id, yes)).status));
    expect(statuses.sort()).toEqual([202, 409, 409, 409]);
    await resultOf(api, id);
    expect(ledger.calls).toEqual(["17"]);
  });

  test("of another user, to another interrupt, of another kind, or in the session after its time is refused", async () => {
    const { api, clock, ledger } = await open();
    const { id, interrupt } = await ask(api);
    const yes = { interrupt_id: interrupt, action: "approve" };
    expect((await answer(api, id, yes, { user: "bob" })).status).toBe(403);
    expect((await answer(api, id, { ...yes, interrupt_id: "int_other" })).status).toBe(409);
    expect((await answer(api, id, { ...yes, action: "answer", value: "x" })).status).toBe(409);
    expect((await answer(api, "req_none", yes)).status).toBe(404);
    clock.ahead = 3_601_000;
    const late = { message: "yes", stream: false, session_id: "s1", request_id: id };
    expect((await api.call("POST", "/chat", { ...ann, body: late })).status).toBe(409);
    expect((await answer(api, id, yes)).status).toBe(410);
    await untilStatus(api, id, "cancelled");
    expect(ledger.calls).toEqual([]);
  });

  test("may cancel it", async () => {
    const { api, ledger } = await open();
    const { id, interrupt } = await ask(api);
    const { body } = await answer(api, id, { interrupt_id: interrupt, action: "cancel" });
    expect(body.data.status).toBe("cancelled");
    expect(ledger.calls).toEqual([]);
  });
});

test.each<[Opening, boolean]>([
  [{ approval: "never" }, false],
  [{ approval: "destructive" }, true],
  [{ approval: "[read_*]" }, false],
  [{ approval: "[read_*, no?e]" }, true],
  [{ approval: "never", ofAgent: "always" }, true],
])("with the rules %j a call needs approval: %s", async (rules, needs) => {
  const { api, ledger } = await open(rules);
  const { data } = await say(api, "Note it");
  expect(data.message.metadata.interrupt !== undefined).toBe(needs);
  expect(ledger.calls).toHaveLength(needs ? 0 : 1);
});

describe("the run of a job that waits for an approval", () => {
  /** A job whose only run waits. */
  const openJob = async () => {
    const opened = await open();
    const { api, clock } = opened;
    const schedule = new Date(Date.now() + 60_000).toISOString();
    const body = { type: "one_time", schedule, message: "Note it" };
    const made = await api.call("POST", "/scheduler/jobs", { key: "admin", ...ann, body });
    clock.ahead += 120_000;
    // A look for due jobs follows whatever changes one.
    const other = { type: "prompt", schedule: "0 9 * * *", message: "Hello" };
    await api.call("POST", "/scheduler/jobs", { key: "admin", ...ann, body: other });
    const job = async () =>
      (await api.get(`/scheduler/jobs/${made.body.data.id}`, { key: "admin" })).body.data;
    await untilExpected("the run waits", async () =>
      expect((await job()).runs).toMatchObject([{ status: "waiting", error: null }]),
    );
    expect(await job()).toMatchObject({ last_run_status: "waiting", failure_count: 0, total_failures: 0 });
    const [{ request_id: id }] = (await job()).runs;
    const { interrupt } = (await api.get(`/requests/${id}`, ann)).body.data;
    return { ...opened, job, id, interrupt: interrupt.id as string };
  };

  test("succeeds with the yes", async () => {
    const { api, job, id, interrupt, ledger } = await openJob();
    expect((await answer(api, id, { interrupt_id: interrupt, action: "approve" })).status).toBe(202);
    await untilExpected("the run has ended", async () =>
      expect(await job()).toMatchObject({ last_run_status: "success", runs: [{ status: "success" }] }),
    );
    expect(ledger.calls).toEqual(["17"]);
  });

  test("has failed once its request is cancelled", async () => {
    const { job, id, interrupt, api, clock } = await openJob();
    await answer(api, id, { interrupt_id: interrupt, action: "cancel" });
    clock.ahead += 120_000;
    await api.call("POST", "/scheduler/jobs", {
      key: "admin",
      ...ann,
      body: { type: "prompt", schedule: "0 9 * * *", message: "Hello" },
    });
    await untilExpected("the run has ended", async () =>
      expect(await job()).toMatchObject({ last_run_status: "failed", runs: [{ status: "failed" }] }),
    );
  });
});
