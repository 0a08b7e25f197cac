import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { Supervisor, type SupervisorSettings } from "../src/processes/index.ts";
import {
  createFormation,
  eventually,
  fakeRuntime,
  freePort,
  startedPids,
  temporaryFolder,
} from "./helpers.ts";

const createSupervisor = async (settings: Partial<SupervisorSettings> = {}): Promise<Supervisor> => {
  const first = await freePort();
  const supervisor = new Supervisor({
    settings: {
      portRange: { first, end: Math.min(first + 50, 65535) },
      bindHost: "127.0.0.1",
      logsDirectory: await temporaryFolder(),
      pidsDirectory: await temporaryFolder(),
      autoRestart: true,
      maxRestarts: 10,
      restartDelayMs: 10,
      healthEndpoint: "/v1/health",
      healthTimeoutMs: 10_000,
      healthIntervalMs: 100,
      forceKillTimeoutMs: 500,
      ...settings,
    },
    makeCommand: ({ folder, port }) => ({
      ...fakeRuntime(folder),
      folder,
      env: { PORT: String(port), HOST: "127.0.0.1" },
    }),
    log: pino({ level: "silent" }),
  });
  onTestFinished(() => supervisor.close());
  return supervisor;
};

const live = (folder: string) => ({ name: "live", formationId: "live", folder, draft: false });

const kill = (pid: number | undefined): void => {
  if (pid === undefined) throw new Error("no process");
  process.kill(pid, "SIGKILL");
};

it("starts a crashed formation again on its port", async () => {
  const supervisor = await createSupervisor();
  const { port, pid } = await supervisor.start(live(await createFormation("live")));
  kill(pid);
  const again = await eventually("the restart", () => {
    const now = supervisor.get("live");
    return now?.status === "running" && now.pid !== pid ? now : undefined;
  });
  expect(again.port).toBe(port);
  expect(again.restartCount).toBe(1);
});

it("leaves a formation crashed once its restarts are used up", async () => {
  const supervisor = await createSupervisor({ maxRestarts: 2 });
  const folder = await createFormation("live");
  const { pid } = await supervisor.start(live(folder));
  await writeFile(join(folder, "behaviour.json"), JSON.stringify({ crash: "gone" }));
  kill(pid);
  const formation = await eventually("the last crash", () => {
    const now = supervisor.get("live");
    return now?.status === "crashed" && now.restartCount === 2 ? now : undefined;
  });
  expect(formation.pid).toBeUndefined();
  // A start by hand is a new beginning.
  await writeFile(join(folder, "behaviour.json"), "{}");
  expect((await supervisor.start(live(folder))).status).toBe("running");
});

it("does not start drafts again, nor anything with auto_restart off", async () => {
  const drafts = await createSupervisor();
  const folder = await createFormation("live");
  kill((await drafts.start({ ...live(folder), draft: true })).pid);
  await eventually("the crash", () => drafts.get("live")?.status === "crashed" || undefined);

  const manual = await createSupervisor({ autoRestart: false });
  kill((await manual.start(live(folder))).pid);
  await eventually("the crash", () => manual.get("live")?.status === "crashed" || undefined);
  expect(await startedPids(folder)).toHaveLength(2);
});

it("keeps a stopped formation and its port until it is removed, also one that waits for its restart", async () => {
  const supervisor = await createSupervisor({ restartDelayMs: 60_000 });
  const folder = await createFormation("live");
  kill((await supervisor.start(live(folder))).pid);
  await eventually("the crash", () => supervisor.get("live")?.status === "crashed" || undefined);
  const port = supervisor.get("live")?.port;
  expect(await supervisor.stop("live")).toBe(true);
  expect(supervisor.get("live")).toMatchObject({ status: "stopped", port });
  expect((await supervisor.start(live(folder))).port).toBe(port);
  expect(await supervisor.remove("live")).toBe(true);
  expect(supervisor.get("live")).toBeUndefined();
  expect(supervisor.portCounts().allocated).toBe(0);
  expect(await supervisor.remove("live")).toBe(false);
});

it("names the program that cannot be started", async () => {
  const first = await freePort();
  const supervisor = new Supervisor({
    settings: {
      portRange: { first, end: Math.min(first + 50, 65535) },
      bindHost: "127.0.0.1",
      logsDirectory: await temporaryFolder(),
      pidsDirectory: await temporaryFolder(),
      autoRestart: true,
      maxRestarts: 0,
      restartDelayMs: 10,
      healthEndpoint: "/v1/health",
      healthTimeoutMs: 1000,
      healthIntervalMs: 100,
      forceKillTimeoutMs: 500,
    },
    makeCommand: ({ folder }) => ({ command: "/no/such/program", args: [], folder, env: {} }),
    log: pino({ level: "silent" }),
  });
  await expect(supervisor.start(live(await createFormation("live")))).rejects.toThrow(/\/no\/such\/program/);
  expect(supervisor.portCounts().allocated).toBe(0);
});
