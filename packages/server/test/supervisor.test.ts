import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../../test/ports.ts";
import { until } from "../../../test/until.ts";
import { type MakeCommand, Supervisor, type SupervisorSettings } from "../src/processes/index.ts";
import { createFormation, fakeRuntime, startedPids, temporaryFolder } from "./helpers.ts";

const command: MakeCommand = ({ folder, port }) => ({
  ...fakeRuntime(folder),
  folder,
  env: { PORT: String(port), HOST: "127.0.0.1" },
});

const createSupervisor = async (
  settings: Partial<SupervisorSettings> = {},
  makeCommand = command,
): Promise<Supervisor> => {
  const first = await freePort();
  const supervisor = new Supervisor({
    settings: {
      portRange: { first, end: first + 50 },
      bindHost: "127.0.0.1",
      logsDirectory: await temporaryFolder(),
      pidsDirectory: await temporaryFolder(),
      autoRestart: true,
      maxRestarts: 10,
      restartDelayMs: 10,
      healthEndpoint: "/v1/health",
      anyStatusIsHealthy: false,
      healthTimeoutMs: 10_000,
      healthIntervalMs: 100,
      forceKillTimeoutMs: 500,
      ...settings,
    },
    makeCommand,
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
  const again = await until("it is restarted", () => {
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
  const formation = await until("it has crashed for the last time", () => {
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
  await until("it has crashed", () => drafts.get("live")?.status === "crashed");

  const manual = await createSupervisor({ autoRestart: false });
  kill((await manual.start(live(folder))).pid);
  await until("it has crashed", () => manual.get("live")?.status === "crashed");
  expect(await startedPids(folder)).toHaveLength(2);
});

it("keeps a stopped formation and its port until it is removed, also one that waits for its restart", async () => {
  const supervisor = await createSupervisor({ restartDelayMs: 60_000 });
  const folder = await createFormation("live");
  kill((await supervisor.start(live(folder))).pid);
  await until("it has crashed", () => supervisor.get("live")?.status === "crashed");
  const port = supervisor.get("live")?.port;
  expect(await supervisor.stop("live")).toBe(true);
  expect(supervisor.get("live")).toMatchObject({ status: "stopped", port });
  expect((await supervisor.start(live(folder))).port).toBe(port);
  expect(await supervisor.remove("live")).toBe(true);
  expect(supervisor.get("live")).toBeUndefined();
  expect(supervisor.portCounts().allocated).toBe(0);
  expect(await supervisor.remove("live")).toBe(false);
});

it("never loses sight of the ports that a formation had, also while it starts again", async () => {
  const first = await freePort();
  const supervisor = await createSupervisor({ portRange: { first, end: first + 2 } });
  supervisor.restore(live(await createFormation("live")), [first + 1], 0);
  expect(supervisor.get("live")?.ports).toEqual([first + 1]);
  await until("it runs", () => supervisor.get("live")?.status === "running");
  expect(supervisor.get("live")?.port).toBe(first + 1);
});

it("leaves no process that nobody knows of when its pid file cannot be written", async () => {
  const pidsDirectory = join(await temporaryFolder(), "pids");
  await writeFile(pidsDirectory, "no folder");
  const supervisor = await createSupervisor({ pidsDirectory });
  const folder = await createFormation("live");
  await expect(supervisor.start(live(folder))).rejects.toThrow(/EEXIST|ENOTDIR/);
  expect(supervisor.portCounts().allocated).toBe(0);
  await until("the process has ended", async () => {
    const lines = await Promise.all(
      (await readdir("/proc")).map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
    );
    return !lines.some((line) => line.includes(folder));
  });
});

it("names the program that cannot be started", async () => {
  const supervisor = await createSupervisor({}, ({ folder }) => ({
    command: "/no/such/program",
    args: [],
    folder,
    env: {},
  }));
  await expect(supervisor.start(live(await createFormation("live")))).rejects.toThrow(/\/no\/such\/program/);
  expect(supervisor.portCounts().allocated).toBe(0);
});

it("takes the next port when another program took it at the last moment, and its answers for nobody's", async () => {
  const taken: number[] = [];
  const supervisor = await createSupervisor({}, (formation) => {
    if (taken.length < 2) {
      taken.push(formation.port);
      const other = createServer((_request, response) => response.end("well"));
      onTestFinished(() => new Promise<void>((done) => other.close(() => done()).closeAllConnections()));
      other.listen(formation.port, "127.0.0.1");
    }
    return command(formation);
  });
  const { port, pid } = await supervisor.start(live(await createFormation("live")));
  expect(taken).not.toContain(port);
  expect(pid).toBeDefined();
  expect(await (await fetch(`http://127.0.0.1:${port}/v1/health`)).text()).toBe("{}");
  expect(supervisor.portCounts().allocated).toBe(1);
});

it("takes any answer for health when the health check is off", async () => {
  const supervisor = await createSupervisor({ anyStatusIsHealthy: true });
  const folder = await createFormation("live", { unhealthy: true });
  expect((await supervisor.start(live(folder))).status).toBe("running");
  expect(await supervisor.probe("live", 2000)).toBe(true);
});
