import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { loadConfig } from "../src/config.ts";
import { endLeftovers, formatIdentity, startTimeOf } from "../src/processes/index.ts";
import { bundle, call, deployBundle, expectStatus } from "./bundles.ts";
import { eventually, freePort, isAlive, startTestServer, temporaryFolder } from "./helpers.ts";

const silent = pino({ level: "silent" });

/** A process group whose first process has ended and whose number is still in use; resolves with both numbers. */
const startGroup = async (): Promise<{ leader: number; member: number; startTime: string }> => {
  const shell = spawn("sh", ["-c", "sleep 60 >/dev/null & echo $!; read wait"], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const [text] = await once(shell.stdout, "data");
  const [leader, member] = [shell.pid ?? 0, Number(String(text).trim())];
  onTestFinished(() => {
    if (isAlive(member)) process.kill(member, "SIGKILL");
  });
  const startTime = startTimeOf(leader) ?? "";
  shell.stdin.end("\n");
  await once(shell, "exit");
  return { leader, member, startTime };
};

it("ends what a formation of a killed server had started, but nothing that only bears its old number", async () => {
  const pids = await temporaryFolder();
  const group = await startGroup();
  const stranger = await startGroup();
  const identity = ({ leader: pid, startTime }: typeof group) => formatIdentity({ pid, startTime });
  await writeFile(join(pids, "a-1.pid"), identity(group));
  // Written before the machine was started again.
  await writeFile(
    join(pids, "b-2.pid"),
    formatIdentity({ pid: stranger.leader, startTime: "another-boot 4711" }),
  );
  // A server that is killed while it writes leaves an empty file.
  await writeFile(join(pids, "c-3.pid"), "");
  await endLeftovers(pids, 1000, silent);
  await eventually(
    "the end of what is left of it",
    () => startTimeOf(group.member) === undefined || undefined,
  );
  expect(startTimeOf(stranger.member)).toBeDefined();
  expect(await readdir(pids)).toEqual([]);
});

it("answers 503, never 404, until it knows again what is deployed", async () => {
  const port = await freePort();
  const first = await startTestServer({ config: { port } });
  expectStatus(await deployBundle(first.url, await bundle()), 201);
  await first.server.close();
  const statuses = new Set<number>();
  let up = false;
  const asking = (async () => {
    while (!up || statuses.size === 0) {
      const response = await fetch(`http://127.0.0.1:${port}/api/my-bot/v1/health`).catch(() => undefined);
      if (response) statuses.add(response.status);
      await response?.text();
    }
  })();
  const second = await startTestServer({ config: { port }, data: first.data });
  await eventually(
    "the formation",
    async () => (await fetch(`${second.url}/api/my-bot/v1/health`)).ok || undefined,
  );
  up = true;
  await asking;
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
});

const configured = async (yaml: string) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "config.yaml"), yaml);
  const directories = { config: folder, data: folder, logs: folder };
  return (await loadConfig({ directories, env: {}, overrides: {} })).formations;
};

it("gives each formation the environment of its own in the config", async () => {
  const formations = await configured(
    `formations:\n  settings:\n    my-bot: { environment: { REGION: eu, LIMIT: 3, PORT: 1 } }\n`,
  );
  const { url } = await startTestServer({ formations, env: { PATH: process.env.PATH, REGION: "us" } });
  for (const id of ["my-bot", "other"])
    expectStatus(await deployBundle(url, await bundle({ id }), { id }), 201);
  const environment = async (id: string) => (await fetch(`${url}/api/${id}/env`)).json();
  const port = (await call(url, "GET", "/rpc/formations/my-bot")).body.data.port;
  // What the server needs itself cannot be taken away.
  expect(await environment("my-bot")).toMatchObject({ REGION: "eu", LIMIT: "3", PORT: String(port) });
  expect(await environment("other")).toMatchObject({ REGION: "us" });
});

it("starts a formation again that is over its memory limit, and leaves the others alone", async () => {
  const formations = await configured(
    `formations:\n  health_check_interval: 0.05\n  memory_limit: 2G\n  settings:\n    my-bot: { memory_limit: 150M }\n`,
  );
  const { url } = await startTestServer({ formations });
  for (const id of ["my-bot", "other"])
    expectStatus(await deployBundle(url, await bundle({ id }), { id }), 201);
  const shown = async (id: string) => (await call(url, "GET", `/rpc/formations/${id}`)).body.data;
  const { pid } = await shown("my-bot");
  const { pid: otherPid } = await shown("other");
  const { NODE_OPTIONS } = await (await fetch(`${url}/api/my-bot/env`)).json();
  expect(NODE_OPTIONS).toBe("--max-old-space-size=150");
  for (const id of ["my-bot", "other"]) await (await fetch(`${url}/api/${id}/hoard`)).text();
  const again = await eventually("the restart", async () => {
    const now = await shown("my-bot");
    return now.status === "running" && now.pid !== pid ? now : undefined;
  });
  expect(again.restart_count).toBe(1);
  expect(await shown("other")).toMatchObject({ pid: otherPid, restart_count: 0 });
});

it("keeps the heap limit of a formation whose environment has Node options of its own", async () => {
  const formations = await configured(
    `formations:\n  settings:\n    my-bot: { memory_limit: 1G, environment: { NODE_OPTIONS: --no-warnings } }\n`,
  );
  const { url } = await startTestServer({ formations });
  expectStatus(await deployBundle(url, await bundle()), 201);
  const { NODE_OPTIONS } = await (await fetch(`${url}/api/my-bot/env`)).json();
  expect(NODE_OPTIONS).toBe("--no-warnings --max-old-space-size=1024");
});
