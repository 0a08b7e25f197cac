import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { canMount, fillDisk, mountSmallDisk } from "../../../test/small-disk.ts";
import { untilExpected } from "../../../test/until.ts";
import { untilStatus } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { onPostgres } from "./postgres.ts";
import { startAndEnd, startImpatient, writeTestFormation } from "./processes.ts";

/** A formation on a disk of its own, of four megabytes. */
const startOnSmallDisk = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const source = await writeTestFormation(models.url, {});
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-disk-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mountSmallDisk(dir);
  cpSync(source, dir, { recursive: true });
  return { models, dir };
};

const ann = { user: "ann" };

describe.skipIf(!canMount || onPostgres)("a disk", () => {
  test("that is full refuses with a reason what it cannot keep, keeps what it has, and recovers", async () => {
    const { models, dir } = await startOnSmallDisk();
    const { api } = await startImpatient(dir, 2_000);
    let release = () => {};
    const before = new Promise<void>((resolve) => {
      release = resolve;
    });
    const accepted = async (message: string) => {
      const body = { message, mode: "async", session_id: "s1" };
      const answer = await api.call("POST", "/chat", { ...ann, body });
      return answer.status === 202 ? [answer.body.data.request_id] : [];
    };
    expect((await api.chat("First", { ...ann, session: "s0" })).status).toBe(200);
    models.reply({ text: ["Late"], before });
    const requests = await accepted("Accepted");
    await untilExpected("the model is asked twice", () => expect(models.requests).toHaveLength(2));

    const makeRoom = fillDisk(dir);
    // What the file still has room for within itself may go through; in the end nothing does.
    let refused = await api.chat("x".repeat(9_000), ann);
    while (refused.status === 200) {
      refused = await api.chat("x".repeat(9_000), ann);
    }
    expect([refused.status, refused.body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(refused.body.error.message).toMatch(/disk/);
    const memory = { content: "y".repeat(9_000), type: "fact" };
    const noted = await api.call("POST", "/memories", { ...ann, body: memory });
    expect([noted.status, noted.body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(JSON.stringify([refused.body, noted.body])).not.toMatch(/sqlite/i);
    release();

    makeRoom();
    for (const id of requests) {
      await untilStatus(api, id, "completed");
    }
    expect((await api.chat("Last", { ...ann, session: "s0" })).status).toBe(200);
    const { body } = await api.get("/sessions/s0/messages", ann);
    expect(body.data.messages.map(({ role }: { role: string }) => role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
    ]);
  });

  test("that cannot be written stops a formation from its start, with the reason", async () => {
    const { dir } = await startOnSmallDisk();
    execFileSync("mount", ["-o", "remount,ro", dir]);
    const { code, output } = await startAndEnd(dir);
    expect(code).toBe(1);
    expect(output).toMatch(/memory\.db.*(read-only|cannot be opened).*check the disk/);
    expect(output).not.toMatch(/^\s+at /m);
  });
});
