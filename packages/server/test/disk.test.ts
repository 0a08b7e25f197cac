import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canMount, fillDisk, mountSmallDisk } from "../../../test/small-disk.ts";
import { bundle, call, deployBundle, expectStatus, updateBundle } from "./bundles.ts";
import { createFormation, devRun, post, startTestServer, temporaryFolder } from "./helpers.ts";

const formation = "/rpc/formations/my-bot";
const full = /The disk of the server is full\. Make room/;

describe.skipIf(!canMount)("a full disk", () => {
  it("is named by all that needs room, and takes nothing from what runs", async () => {
    const data = await temporaryFolder();
    mountSmallDisk(data);
    const { url } = await startTestServer({ data });
    expectStatus(await deployBundle(url, await bundle()), 201);
    const draft = (body: object) => post(`${url}${formation}/draft/files`, body);
    expect((await draft({ action: "init", mode: "new" })).status).toBe(200);
    const before = (await call(url, "GET", formation)).body.data;
    const pids = await readdir(join(data, "pids"));

    const makeRoom = fillDisk(data);
    const next = await bundle({ version: "2.0.0" });
    for (const refused of [
      await updateBundle(url, next, { version: "2.0.0" }),
      await deployBundle(url, await bundle({ id: "other-bot" }), { id: "other-bot" }),
      await call(url, "POST", `${formation}/restart`),
      await draft({ action: "write", path: "notes.md", content: "x" }),
      await post(`${url}/rpc/dev/run`, { path: await createFormation("drafted") }),
    ]) {
      expect(refused.body.message).toMatch(full);
      expect(refused.status).toBe(507);
    }
    expect((await fetch(`${url}/api/my-bot/v1/health`)).status).toBe(200);
    expect((await call(url, "GET", formation)).body.data).toMatchObject({
      pid: before.pid,
      status: "running",
    });
    expect((await readdir(join(data, "pids"))).sort()).toEqual(pids);
    expectStatus(await call(url, "GET", `${formation}/logs`), 200);

    makeRoom();
    expectStatus(await call(url, "POST", `${formation}/restart`), 200);
    expectStatus(await updateBundle(url, next, { version: "2.0.0" }), 200);
  });

  it("of the logs is named when it took what a formation said at its end", async () => {
    const data = await temporaryFolder();
    const logs = join(data, "logs");
    await mkdir(logs);
    mountSmallDisk(logs);
    const server = await startTestServer({ data });
    const folder = await createFormation("broken", { crash: "Cannot find the moon" });
    fillDisk(logs);
    expect((await devRun(server, folder)).body.message).toMatch(
      /^Formation crashed during startup \(exit code 3\)\. The disk of the server is full/,
    );
  });
});

it("a restart whose process does not come up leaves the one that serves, and a later one replaces it", async () => {
  const { url, data } = await startTestServer();
  expectStatus(await deployBundle(url, await bundle()), 201);
  const { pid } = (await call(url, "GET", formation)).body.data;
  const behaviour = join(data, "formations/my-bot/current/behaviour.json");
  await writeFile(behaviour, JSON.stringify({ crash: "Cannot find the moon" }));
  const refused = expectStatus(await call(url, "POST", `${formation}/restart`), 500).body;
  expect(refused.message).toMatch(/^The running process is unchanged\. .*\nCannot find the moon$/);
  expect((await call(url, "GET", formation)).body.data).toMatchObject({ pid, status: "running" });
  expect((await fetch(`${url}/api/my-bot/v1/health`)).status).toBe(200);
  await writeFile(behaviour, "{}");
  expectStatus(await call(url, "POST", `${formation}/restart`), 200);
  const after = (await call(url, "GET", formation)).body.data;
  expect(after).toMatchObject({ status: "running", restart_count: 1 });
  expect(after.pid).not.toBe(pid);
});
