import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, it } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { bundle, call, deployBundle, expectStatus, manifestOf, updateBundle } from "./bundles.ts";
import { builtRuntime, isAlive, startTestServer } from "./helpers.ts";
import { startTraffic } from "./traffic.ts";

const replicas = 3;

/** An address on the Postgres that the tests run on, with a schema of its own. */
const createStore = async (): Promise<string> => {
  const url = new URL(process.env.MUXI_TEST_POSTGRES ?? "");
  const schema = `replicas_${process.hrtime.bigint()}`;
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(`create schema ${schema}`);
  await client.end();
  url.searchParams.set("options", `-csearch_path=${schema}`);
  return url.href;
};

it.skipIf(!process.env.MUXI_TEST_POSTGRES)(
  "shares a formation on Postgres among replicas: one may die, and no update or rollback fails a request",
  { timeout: 120_000 },
  async () => {
    const store = await createStore();
    const { url, data } = await startTestServer({
      runtime: builtRuntime,
      formations: { drainMs: 60_000 },
      // Who dies stays away.
      processes: { restartDelayMs: 60_000, forceKillTimeoutMs: 60_000 },
    });
    const packed = (version: string): Promise<Buffer> =>
      bundle({
        manifest: `${manifestOf("my-bot", version)}  replicas: ${replicas}\nmemory: { persistent: { connection_string: "${store}" } }\n`,
      });
    const traffic = () =>
      startTraffic({
        ...{ url: `${url}/api/my-bot`, clientKey: "fmc_0123456789abcdef", streams: 4, jsons: 2 },
      });
    const processes = async (): Promise<{ pid: number; port: number }[]> => {
      const names = await readdir(join(data, "pids"));
      return Promise.all(
        names.map(async (name) => ({
          pid: Number((await readFile(join(data, "pids", name), "utf8")).split("\n")[0]),
          port: Number(/-(\d+)\.pid$/.exec(name)?.[1]),
        })),
      );
    };
    const versionsOf = async (ports: readonly number[]): Promise<string[]> =>
      Promise.all(
        ports.map(async (port) => {
          const response = await fetch(`http://127.0.0.1:${port}/v1/health`);
          return (await response.json()).data.version;
        }),
      );
    /** Every replica that runs serves this version, and each of them gets its share of the requests. */
    const expectServing = async (version: string): Promise<void> => {
      const running = await processes();
      expect(await versionsOf(running.map(({ port }) => port))).toEqual(Array(replicas).fill(version));
      const seen = new Set<number>();
      for (let number = 0; number < 3 * replicas; number += 1) {
        const response = await fetch(`${url}/api/my-bot/v1/status`, {
          headers: { "x-muxi-admin-key": "fma_0123456789abcdef" },
        });
        seen.add((await response.json()).data.stats.running.since);
      }
      expect(seen.size).toBe(replicas);
      expect((await call(url, "GET", "/rpc/server/status")).body.data.port_pool.allocated).toBe(replicas);
    };

    expectStatus(await deployBundle(url, await packed("1.0.0")), 201);
    await expectServing("1.0.0");

    const [victim] = await processes();
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await untilExpected("its death is noticed", async () =>
      expect(await processes()).toHaveLength(replicas - 1),
    );
    const load = traffic();
    await until("the others answer", () => load.answered > 20);
    expect(load.failures).toEqual([]);

    const second = expectStatus(await updateBundle(url, await packed("2.0.0"), { version: "2.0.0" }), 200);
    expect(second.body.data).toMatchObject({ version: 2, status: "running" });
    await expectServing("2.0.0");
    const survivors = await processes();
    expectStatus(await call(url, "POST", "/rpc/formations/my-bot/rollback"), 200);
    await expectServing("1.0.0");
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(survivors.filter(({ pid }) => isAlive(pid))).toEqual([]);

    expectStatus(await call(url, "DELETE", "/rpc/formations/my-bot"), 200);
    expect(await processes()).toEqual([]);
    expect((await call(url, "GET", "/rpc/server/status")).body.data.port_pool.allocated).toBe(0);
  },
);
