import { copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { startModelServer } from "./model-server.ts";
import { onPostgres } from "./postgres.ts";
import { startImpatient, writeTestFormation } from "./processes.ts";

const ann = { user: "ann", session: "s1" };

const startOnFile = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeTestFormation(models.url, {});
  const { api } = await startImpatient(dir, 2_000);
  expect((await api.chat("Hello", ann)).status).toBe(200);
  return { api, file: path.join(dir, "memory.db") };
};

/** Both at the same moment: what the health check says holds for every call. */
const expectUnavailable = async ({ api }: Awaited<ReturnType<typeof startOnFile>>) => {
  const health = await api.call("GET", "/health");
  expect([health.status, health.body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
  for (const answer of [await api.chat("Again", ann), await api.get("/sessions/s1/messages", ann)]) {
    expect([answer.status, answer.body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(answer.body.error.message).toMatch(/database cannot be used/);
  }
};

const ways: [name: string, change: (file: string, aside: string) => void][] = [
  ["deleted", () => {}],
  ["replaced by an empty one", (file) => writeFileSync(file, "")],
  ["replaced by its copy", (file, aside) => copyFileSync(aside, file)],
];

test.skipIf(onPostgres).each(ways)(
  "a SQLite file that is %s under a formation is noticed, and used again when it is back",
  async (_, change) => {
    const started = await startOnFile();
    const { api, file } = started;
    const aside = `${file}.aside`;
    renameSync(file, aside);
    change(file, aside);
    await expectUnavailable(started);
    rmSync(file, { force: true });
    renameSync(aside, file);
    expect((await api.call("GET", "/health")).status).toBe(200);
    expect((await api.chat("Again", ann)).status).toBe(200);
    expect((await api.get("/sessions/s1/messages", ann)).body.data.messages).toHaveLength(4);
  },
);

test.skipIf(onPostgres)("a SQLite file that lacks one table is unhealthy, until it is back", async () => {
  const { api, file } = await startOnFile();
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  database.exec("alter table synopsis rename to gone");
  const { status, body } = await api.call("GET", "/health");
  expect([status, body.error.data.status]).toEqual([503, "unhealthy"]);
  expect(body.error.message).toMatch(/database .* lacks tables: restore it from a backup/);
  database.exec("alter table gone rename to synopsis");
  expect((await api.call("GET", "/health")).status).toBe(200);
});

test.skipIf(onPostgres)("what is done to the file is noticed without a check of health", async () => {
  const { api, file } = await startOnFile();
  rmSync(file);
  await untilExpected("chats are refused", async () =>
    expect((await api.chat("Again", ann)).status).toBe(503),
  );
});

test.skipIf(onPostgres)(
  "a SQLite file that is emptied is never a 500 beside a healthy formation",
  async () => {
    const started = await startOnFile();
    truncateSync(started.file);
    truncateSync(`${started.file}-wal`);
    await expectUnavailable(started);
  },
);
