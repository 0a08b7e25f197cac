import { expect, it } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { bundle, call, deployBundle, expectStatus } from "./bundles.ts";
import { startTestServer } from "./helpers.ts";

it("ends a process that holds more memory than it may, and starts it again", async () => {
  let limit: number | undefined;
  const server = await startTestServer({ formations: { monitorIntervalMs: 20, memoryLimitOf: () => limit } });
  const first = expectStatus(await deployBundle(server.url, await bundle()), 201).body.data;
  limit = 1024 * 1024;
  const now = async () => (await call(server.url, "GET", "/rpc/formations/my-bot")).body.data;
  await until("it is restarted", async () => (await now()).restart_count > 0);
  limit = undefined;
  await untilExpected("it runs again", async () => expect((await now()).status).toBe("running"));
  expect((await now()).pid).not.toBe(first.pid);
});

it("gives each formation its own environment and heap, and no way to another port", async () => {
  const server = await startTestServer({
    env: { PATH: process.env.PATH, NODE_OPTIONS: "--no-warnings", SHARED: "one" },
    formations: {
      memoryLimitOf: () => 512 * 1024 * 1024,
      environmentOf: (id) =>
        id === "my-bot" ? { OWN: "yes", SHARED: "two", PORT: "1", NODE_OPTIONS: "--trace-warnings" } : {},
    },
  });
  for (const id of ["my-bot", "other-bot"]) {
    expectStatus(await deployBundle(server.url, await bundle({ id }), { id }), 201);
  }
  const environment = async (id: string) => {
    const response = await fetch(`${server.url}/api/${id}/env`);
    return response.json();
  };
  const common = { NODE_OPTIONS: "--no-warnings --max-old-space-size=512", MUXI_ENV: "production" };
  const mine = await environment("my-bot");
  expect(mine).toMatchObject({
    ...{ ...common, OWN: "yes", SHARED: "two" },
    NODE_OPTIONS: "--trace-warnings --max-old-space-size=512",
  });
  expect(mine.PORT).not.toBe("1");
  const other = await environment("other-bot");
  expect(other).toMatchObject({ ...common, SHARED: "one" });
  expect(other.OWN).toBeUndefined();
});

it("notes when it looked at a formation's health, and that it does not answer well", async () => {
  const server = await startTestServer({ formations: { monitorIntervalMs: 20 } });
  expectStatus(await deployBundle(server.url, await bundle()), 201);
  const seen = await until("its health is checked", async () => {
    const { data } = (await call(server.url, "GET", "/rpc/formations/my-bot")).body;
    return data.last_health_check ? data : undefined;
  });
  expect(Date.parse(seen.last_health_check)).toBeGreaterThan(0);
  expect(seen).toMatchObject({ status: "running", healthy: true });
});
