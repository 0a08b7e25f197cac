import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { untilExpected } from "../../../test/until.ts";
import { startPublication } from "../src/overlord/publication.ts";
import { createRuns } from "../src/overlord/runs.ts";
import { createStore, openSqlite } from "../src/store/index.ts";

const owner = { formationId: "orchard", userId: "ann" };
const lease = { owner: "me", until: 1 };

/** A run of this process whose request is stored; the clock of publications stands still. */
const open = async () => {
  vi.useFakeTimers({ toFake: ["setInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const database = openSqlite(path.join(temporaryFolder(), "memory.db"));
  onTestFinished(() => database.close());
  const { requests, sessions } = createStore(database);
  const runs = createRuns();
  const publication = startPublication({
    formationId: "orchard",
    requests,
    runs,
    leaseOwner: "me",
    log: pino({ level: "silent" }),
  });
  onTestFinished(() => publication.close());
  const request = { id: "req_1", sessionId: "s1", kind: "chat", now: 1, lease, input: "{}" } as const;
  const message = { role: "user", content: "Hello", createdAt: 1 } as const;
  await database.write([
    ...sessions.adding(owner, "s1", message),
    requests.begin(owner, { ...request, webhookUrl: null, idempotency: undefined }),
  ]);
  const run = runs.start({ requestId: "req_1", sessionId: "s1", userId: "ann" });
  run.isStored = true;
  const rows = () => requests.published("orchard", "req_1", 0);
  return { run, rows };
};

test("what a request says is published after 4 KB without waiting for the next moment, and then anew", async () => {
  const { run, rows } = await open();
  run.log.appendText(["a".repeat(4_095)]);
  vi.advanceTimersByTime(249);
  expect(await rows()).toEqual([]);
  run.log.appendText(["b", "c"]);
  await untilExpected("one row is stored", async () => expect(await rows()).toHaveLength(1));
  run.log.appendText(["d".repeat(5_000)]);
  await untilExpected("two rows are stored", async () => expect(await rows()).toHaveLength(2));
  expect((await rows()).map(({ after, events }) => [after, events.length])).toEqual([
    [0, 4_099 + 8],
    [3, 5_004],
  ]);
});

test("what is less comes with the next moment", async () => {
  const { run, rows } = await open();
  run.log.appendText(["a", "b"]);
  vi.advanceTimersByTime(250);
  await untilExpected("one row is stored", async () => expect(await rows()).toHaveLength(1));
  expect(await rows()).toMatchObject([{ after: 0, events: '["a","b"]' }]);
});

test("much that comes while a batch is on its way is published behind it", async () => {
  const { run, rows } = await open();
  run.log.appendText(["a".repeat(5_000)]);
  run.log.appendText(["b".repeat(5_000)]);
  await Promise.resolve();
  run.log.appendText(["c".repeat(5_000)]);
  await untilExpected("two rows are stored", async () => expect(await rows()).toHaveLength(2));
  expect((await rows()).flatMap(({ events }) => JSON.parse(events)).join("")).toBe(run.log.text);
});
