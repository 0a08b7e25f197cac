import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../../test/ports.ts";
import { until } from "../../../test/until.ts";
import { endLeftovers, formatIdentity, startTimeOf } from "../src/processes/index.ts";
import { bundle, call, deployBundle, expectStatus, updateBundle } from "./bundles.ts";
import { isAlive, startTestServer, temporaryFolder } from "./helpers.ts";

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
  await until("what is left of it has ended", () => startTimeOf(group.member) === undefined);
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
  await until("the formation answers", async () => (await fetch(`${second.url}/api/my-bot/v1/health`)).ok);
  up = true;
  await asking;
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
});

it("overwrites nothing of a formation whose version file it cannot read", async () => {
  const first = await startTestServer();
  expectStatus(await deployBundle(first.url, await bundle()), 201);
  await first.server.close();
  const root = join(first.data, "formations", "my-bot");
  await writeFile(join(root, "version.json"), "{");
  const second = await startTestServer({ data: first.data });
  const refused = expectStatus(await deployBundle(second.url, await bundle({ version: "2.0.0" })), 409);
  expect(refused.body.message).toMatch(/my-bot.*version\.json cannot be read\. Repair/);
  expect(await readdir(join(root, "releases"))).toEqual(["1"]);
});

const otherFileSystem = "/dev/shm";

it.skipIf(!existsSync(otherFileSystem))(
  "keeps formations on another file system than the rest of its data",
  async () => {
    const formationsDirectory = await mkdtemp(join(otherFileSystem, "muxi-server-"));
    onTestFinished(() => rm(formationsDirectory, { recursive: true, force: true }));
    const { url, data } = await startTestServer({ config: { formationsDirectory } });
    expect((await stat(formationsDirectory)).dev).not.toBe((await stat(data)).dev);
    expectStatus(await deployBundle(url, await bundle()), 201);
    expectStatus(await updateBundle(url, await bundle({ version: "2.0.0" }), { version: "2.0.0" }), 200);
    expectStatus(await call(url, "DELETE", "/rpc/formations/my-bot"), 200);
    expect(await readdir(formationsDirectory)).toEqual([]);
    expect(await readdir(join(data, "tmp"))).toEqual([]);
  },
);

it("never writes down that a formation is stopped while it is only started anew", async () => {
  const { url, data } = await startTestServer();
  expectStatus(await deployBundle(url, await bundle()), 201);
  const written = new Set<string>();
  let going = true;
  const reading = (async () => {
    while (going) {
      const { formations } = JSON.parse(await readFile(join(data, "registry.json"), "utf8"));
      written.add(formations[0].status);
    }
  })();
  for (let restart = 0; restart < 5; restart += 1) {
    expectStatus(await call(url, "POST", "/rpc/formations/my-bot/restart"), 200);
  }
  going = false;
  await reading;
  expect([...written]).toEqual(["running"]);
});
