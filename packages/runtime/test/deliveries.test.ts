import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { firstColumn, sectionOf } from "../../../test/spec-pages.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { until, untilExpected } from "../../../test/until.ts";
import { parse, verifySignature } from "../../client/src/webhook.ts";
import { createDeliveries, type RequestOutcome } from "../src/background/index.ts";
import { createDeliveryRepository, openSqlite } from "../src/store/index.ts";
import { keys, startFormation, writeFormation } from "./harness.ts";
import { onPostgres } from "./postgres.ts";
import { startReceiver } from "./receiver.ts";

const completed = (requestId: string, webhookUrl: string): RequestOutcome => ({
  requestId,
  userId: "ann",
  webhookUrl,
  mode: "async",
  startedAt: 1_000,
  endedAt: 3_500,
  status: "completed",
  text: "Rain – and wind",
});

const temporaryFile = () => path.join(temporaryFolder(), "memory.db");

interface Overrides {
  allowLoopback?: boolean;
  timeout?: number;
  retries?: number;
}

const openOutbox = (file: string, { allowLoopback = true, timeout = 5_000, retries = 3 }: Overrides = {}) => {
  const database = openSqlite(file);
  const repository = createDeliveryRepository(database);
  const deliveries = createDeliveries({
    formationId: "orchard",
    deliveries: repository,
    policy: { allowLoopback, allowPrivate: false },
    secret: keys.adminKey,
    timeout,
    retries,
    now: Date.now,
    log: pino({ level: "silent" }),
  });
  onTestFinished(async () => {
    await deliveries.close(0);
    await database.close();
  });
  return {
    deliveries,
    submit: async (...outcomes: RequestOutcome[]) => {
      await database.write(outcomes.flatMap((outcome) => deliveries.statements(outcome)));
      deliveries.wake();
    },
    rows: () => repository.list("orchard", { limit: 1000 }),
    rowOf: async (requestId: string) => (await repository.list("orchard", { requestId, limit: 1 }))[0],
    untilEnded: (requestId: string) =>
      untilExpected(`the webhook of ${requestId} was sent or has failed`, async () =>
        expect(await repository.list("orchard", { requestId, limit: 1 })).toMatchObject([
          { status: expect.stringMatching(/^(sent|failed)$/) },
        ]),
      ),
  };
};

describe("what a receiver gets", () => {
  test("the headers of the specification, and no others", async () => {
    const receiver = await startReceiver();
    const { submit, untilEnded } = openOutbox(temporaryFile());
    await submit(completed("req_1", receiver.url));
    await untilEnded("req_1");
    const specified = firstColumn(sectionOf("formation-api.md", "Webhook headers"));
    const names = [...specified, "Host", "Content-Length", "Connection"].map((name) => name.toLowerCase());
    expect(Object.keys(receiver.received[0]?.headers ?? {}).sort()).toEqual(names.sort());
  });

  test("a completion, a failure and a question, each of which the SDK verifies and reads", async () => {
    const receiver = await startReceiver();
    const { submit } = openOutbox(temporaryFile());
    const base = completed("req_1", receiver.url);
    await submit(
      base,
      { ...base, requestId: "req_2", status: "failed", error: { message: "The model is down" } },
      {
        ...base,
        requestId: "req_3",
        status: "awaiting_clarification",
        interrupt: { id: "int_1", kind: "question", prompt: "Which field?", expires_at: 1 },
        question: "Which field?",
        originalMessage: "Mow it",
      },
    );
    await untilExpected("three webhooks are received", () => expect(receiver.received).toHaveLength(3));

    const events = new Map(receiver.received.map(({ body }) => [parse(body).requestId, parse(body)]));
    for (const { body, headers } of receiver.received) {
      expect(await verifySignature(body, headers["x-muxi-signature"], keys.adminKey)).toBe(true);
      expect(headers["x-muxi-signature"]).toContain(`t=${headers["x-muxi-timestamp"]},`);
      const raw = JSON.parse(body);
      expect(raw).toMatchObject({ object: "response", formation_id: "orchard", processing_mode: "async" });
      expect(raw.id).toBe(raw.request_id);
      expect(Object.keys(raw)).toEqual(Object.keys(raw).sort());
      expect(body).toBe(JSON.stringify(raw));
    }
    expect(events.get("req_1")).toMatchObject({
      status: "completed",
      timestamp: 3_500 * 1000,
      content: [{ type: "text", text: "Rain – and wind" }],
      processingTime: 2.5,
      userId: "ann",
    });
    expect(events.get("req_2")).toMatchObject({
      status: "failed",
      content: [],
      error: { code: "processing_failed", message: "The model is down" },
    });
    expect(events.get("req_3")?.clarification).toEqual({
      clarificationRequestId: "req_3",
      question: "Which field?",
      originalMessage: "Mow it",
    });
  });

  test("the same bytes again, signed afresh, after a failure; never after a refusal", async () => {
    const busy = await startReceiver((n) => ({ status: n === 0 ? 503 : 200 }));
    const limited = await startReceiver((n) => ({
      status: n === 0 ? 429 : 200,
      headers: { "retry-after": "2" },
    }));
    const refusing = await startReceiver(() => ({ status: 410 }));
    const { submit, untilEnded, rowOf } = openOutbox(temporaryFile());
    await submit(
      completed("busy", busy.url),
      completed("limited", limited.url),
      completed("refusing", refusing.url),
    );
    for (const id of ["busy", "limited", "refusing"]) await untilEnded(id);

    const [first, second] = busy.received;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["x-muxi-signature"]).not.toBe(first?.headers["x-muxi-signature"]);
    const [asked, again] = limited.received.map(({ headers }) => Number(headers["x-muxi-timestamp"]));
    expect((again ?? 0) - (asked ?? 0)).toBeGreaterThanOrEqual(2);
    expect(refusing.received).toHaveLength(1);
    expect(await rowOf("refusing")).toMatchObject({ status: "failed", attempts: 1, responseStatus: 410 });
    expect(await rowOf("busy")).toMatchObject({ status: "sent", attempts: 2, error: null });
  });

  test("nothing by way of a redirect", async () => {
    const elsewhere = await startReceiver();
    const receiver = await startReceiver(() => ({ status: 302, headers: { location: elsewhere.url } }));
    const { submit, untilEnded, rowOf } = openOutbox(temporaryFile(), { retries: 0 });
    await submit(completed("req_1", receiver.url));
    await untilEnded("req_1");
    expect(elsewhere.received).toHaveLength(0);
    expect(await rowOf("req_1")).toMatchObject({ status: "failed", responseStatus: 302 });
  });
});

test("a receiver that never answers holds up no other, and its try ends in time", async () => {
  const dead = await startReceiver(() => undefined);
  const quick = await startReceiver();
  const { submit, untilEnded, rowOf } = openOutbox(temporaryFile(), { timeout: 1_000, retries: 0 });
  await submit(...Array.from({ length: 20 }, (_, n) => completed(`dead_${n}`, dead.url)));
  await untilExpected("as many as may at once are received", () => expect(dead.received).toHaveLength(8));
  await submit(completed("quick", quick.url));
  await until("the other webhook is received", () => quick.received[0]);
  expect(await rowOf("dead_0")).toMatchObject({ status: "pending" });
  await untilEnded("dead_0");
  expect((await rowOf("dead_0"))?.error).toContain("did not answer within 1 s");
});

test("the status counts, however long the answer is and whether it ends or not", async () => {
  const long = await startReceiver(() => ({ status: 200, body: "x".repeat(1_000_000) }));
  const endless = await startReceiver(() => ({ status: 200, body: "Thanks", isEndless: true }));
  const { submit, untilEnded, rowOf } = openOutbox(temporaryFile(), { timeout: 1_000 });
  await submit(completed("long", long.url), completed("endless", endless.url));
  for (const id of ["long", "endless"]) await untilEnded(id);
  for (const id of ["long", "endless"])
    expect(await rowOf(id)).toMatchObject({ status: "sent", attempts: 1 });
  expect([long.received.length, endless.received.length]).toEqual([1, 1]);
});

test("what was sent late is in the log for as long as what was sent at once", async () => {
  const receiver = await startReceiver();
  const file = temporaryFile();
  const { submit, untilEnded, rowOf } = openOutbox(file);
  await submit(completed("old", receiver.url));
  await untilEnded("old");
  // Another one looks for what has ended long ago.
  await openOutbox(file).deliveries.start();
  await submit(completed("next", receiver.url));
  await untilEnded("next");
  expect(await rowOf("old")).toMatchObject({ status: "sent" });
});

test("two processes on one database send each delivery once", async () => {
  const receiver = await startReceiver();
  const file = temporaryFile();
  const one = openOutbox(file);
  const two = openOutbox(file);
  await one.submit(...Array.from({ length: 60 }, (_, n) => completed(`req_${n}`, receiver.url)));
  two.deliveries.wake();
  await until("all are sent", async () => (await one.rows()).every(({ status }) => status === "sent"));
  const ids = receiver.received.map(({ body }) => parse(body).requestId);
  expect(ids).toHaveLength(60);
  expect(new Set(ids).size).toBe(60);
});

test("what a killed process was sending is sent by the next one, at once", async () => {
  const receiver = await startReceiver((n) => (n === 0 ? undefined : { status: 204 }));
  const file = temporaryFile();
  const program = path.join(import.meta.dirname, "delivery-process.ts");
  const child = spawn(process.execPath, ["--conditions=muxi-source", program, file, receiver.url]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await until("the webhook is received", () => receiver.received[0]);
  child.kill("SIGKILL");
  await once(child, "exit");

  const { deliveries, untilEnded, rowOf } = openOutbox(file);
  await deliveries.start();
  await untilEnded("req_1");
  expect(await rowOf("req_1")).toMatchObject({ status: "sent" });
  expect(receiver.received).toHaveLength(2);
});

describe("private addresses", () => {
  const forms = [
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.20.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[2002:a00:1::]/",
    "http://[::ffff:0:a00:1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:25/",
    "http://localhost/",
    "ftp://example.com/",
    "http://user:password@example.com/",
    "nonsense",
  ];

  test.for(forms)("%s is refused before the request is taken on", async (url) => {
    const { deliveries } = openOutbox(temporaryFile(), { allowLoopback: false });
    await expect(deliveries.checkTarget(url)).rejects.toMatchObject({ code: "INVALID_PARAMS" });
  });

  test.for([
    "http://8.8.8.8/hook",
    "http://8.8.8.8:8443/hook",
    "https://[2606:4700::1]/hook",
    "http://[::ffff:8.8.8.8]/",
  ])("%s is public", async (url) => {
    const { deliveries } = openOutbox(temporaryFile(), { allowLoopback: false });
    await expect(deliveries.checkTarget(url)).resolves.toBeUndefined();
  });

  test("a name that resolves to one is not connected to", async () => {
    const receiver = await startReceiver();
    const { submit, untilEnded, rowOf } = openOutbox(temporaryFile(), { allowLoopback: false });
    await submit(completed("req_1", receiver.url.replace("127.0.0.1", "localhost")));
    await untilEnded("req_1");
    expect(receiver.received).toHaveLength(0);
    expect(await rowOf("req_1")).toMatchObject({ status: "failed", attempts: 1 });
    expect((await rowOf("req_1"))?.error).toContain("allow_private_targets");
  });
});

test.skipIf(onPostgres)(
  "the admin reads the log, what was left over is sent at start, and queries stay out of sight",
  async () => {
    const receiver = await startReceiver();
    const dir = await writeFormation();
    const database = openSqlite(path.join(dir, "memory.db"));
    const repository = createDeliveryRepository(database);
    await database.write([
      repository.insert({
        id: "whd_1",
        formationId: "orchard",
        userId: "ann",
        requestId: "req_1",
        event: "completed",
        target: `${receiver.url}?token=secret`,
        origin: new URL(receiver.url).origin,
        body: "{}",
        now: 1,
      }),
    ]);
    await database.close();

    const { get } = await startFormation(dir);
    await untilExpected("it is sent", async () =>
      expect((await get("/deliveries?status=sent", { key: "admin" })).body.data.count).toBe(1),
    );
    const { body } = await get("/deliveries", { key: "admin" });
    expect(body).toMatchObject({ object: "delivery_list", type: "delivery.list", success: true });
    expect(body.data.deliveries).toEqual([
      expect.objectContaining({
        id: "whd_1",
        request_id: "req_1",
        target: receiver.url,
        status: "sent",
        attempts: 1,
        response_status: 204,
        next_attempt_at: null,
      }),
    ]);
    expect(receiver.received[0]?.path).toBe("/hook?token=secret");
    expect((await get("/deliveries", { key: "client" })).status).toBe(401);
    expect((await get("/deliveries?status=lost", { key: "admin" })).status).toBe(422);
  },
);
