import { describe, expect, onTestFinished, test } from "vitest";
import { startPgBouncer } from "../../../test/pgbouncer.ts";
import { until } from "../../../test/until.ts";
import { collect, textOf, untilStatus } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createDatabase, onPostgres, query } from "./postgres.ts";
import { notingReply, startBuilt, startLedger, writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };

/** Two processes of one formation, behind a PgBouncer that gives them two connections of the server in all. */
const startBehindPooler = async ({ toolUrl }: { toolUrl?: string } = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const direct = await createDatabase();
  const pooler = await startPgBouncer(direct, ["default_pool_size = 2"]);
  onTestFinished(pooler.stop);
  const dir = await writeTestFormation(models.url, {
    database: pooler.url,
    persistent: { pooler: "transaction" },
    ...(toolUrl && { toolUrl }),
  });
  const [one, two] = await Promise.all([startBuilt(dir), startBuilt(dir)]);
  return { models, one, two, direct, pooled: pooler.url };
};

describe.skipIf(!onPostgres)("two processes behind PgBouncer in transaction mode", () => {
  test("many chats at once are answered, and no connection of the server keeps a setting or a lock", async () => {
    const { one, two, direct, pooled } = await startBehindPooler();
    const chats = Array.from({ length: 60 }, (_, number) =>
      (number % 2 ? one : two).api.chat("Hello", {
        user: `u${number}`,
        session: `s${number % 20}_${number}`,
      }),
    );
    for (const { status, body } of await Promise.all(chats))
      expect([status, body.error]).toEqual([200, null]);
    expect((await one.api.get("/health")).status).toBe(200);
    const [{ n } = { n: undefined }] = await query("select count(*) as n from request", direct);
    expect(Number(n)).toBe(60);
    const locks = `select objid from pg_locks join pg_database on pg_database.oid = pg_locks.database
      where locktype = 'advisory' and datname = current_database()`;
    expect(await query(locks, direct)).toEqual([]);
    for (const setting of ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"]) {
      expect(await query(`show ${setting}`, pooled)).toEqual([{ [setting]: "on" }]);
    }
    expect(await query("show statement_timeout", pooled)).toEqual([{ statement_timeout: "0" }]);
  });

  test("a stream is followed from the other one and stopped there, without notifications", async () => {
    const { models, one, two } = await startBehindPooler();
    models.reply({ text: ["One ", "two"], stallAfter: 2 });
    const frames = await one.api.stream({ message: "Count", request_id: "req_1", session_id: "s1" }, ann);
    await frames.next();
    const there = await two.api.request("GET", "/events/s1/req_1", ann);
    const { body } = await two.api.call("DELETE", "/requests/req_1", ann);
    expect(body.data).toMatchObject({ status: "cancelled", cancellation: "cooperative" });
    expect((await collect(frames)).at(-1)).toMatchObject({ event: "error", data: { code: "CANCELLED" } });
    expect(await there.text()).toContain("CANCELLED");
    expect(await models.requests[0]?.over).toBe("aborted");
    await untilStatus(two.api, "req_1", "cancelled");
  });

  test("requests in the background are done once, whichever process has them", async () => {
    const ledger = await startLedger();
    const { models, one, two } = await startBehindPooler({ toolUrl: ledger.url });
    models.defaultReply = notingReply();
    const ids = Array.from({ length: 20 }, (_, number) => `req_${number}`);
    for (const [index, request_id] of ids.entries()) {
      const { status } = await (index % 2 ? one : two).api.call("POST", "/chat", {
        ...ann,
        body: { message: `Row ${request_id}`, request_id, mode: "async", session_id: `s_${request_id}` },
      });
      expect(status).toBe(202);
    }
    for (const id of ids) await untilStatus(one.api, id, "completed");
    expect(new Set(ledger.calls).size).toBe(ids.length);
    expect(ledger.calls).toHaveLength(ids.length);
    const frames = await two.api.stream({ message: "Sow", session_id: "s_req_0" }, ann);
    await until("the answer comes", async () => textOf(await collect(frames)) === "Noted.");
  });

  test("connections that the pooler has lost are opened again", async () => {
    const { one, direct } = await startBehindPooler();
    expect((await one.api.chat("Hello", ann)).status).toBe(200);
    await query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      direct,
    );
    await until("a chat is answered again", async () => (await one.api.chat("Hello", ann)).status === 200);
  });
});
