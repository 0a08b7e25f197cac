import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, it } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { ifThere } from "../src/base/durable.ts";
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
    const traffic = (clients: { streams: number; jsons: number }) =>
      startTraffic({ url: `${url}/api/my-bot`, clientKey: "fmc_0123456789abcdef", ...clients });
    const processes = async (): Promise<{ pid: number; port: number }[]> => {
      const names = await readdir(join(data, "pids"));
      const found = names.map(async (name) => {
        // A process may end, and its file go, after the folder was read.
        const text = await ifThere(readFile(join(data, "pids", name), "utf8"));
        return text === undefined
          ? []
          : { pid: Number(text.split("\n")[0]), port: Number(/-(\d+)\.pid$/.exec(name)?.[1]) };
      });
      return (await Promise.all(found)).flat();
    };
    const versionsOf = async (ports: readonly number[]): Promise<string[]> =>
      Promise.all(
        ports.map(async (port) => {
          const response = await fetch(`http://127.0.0.1:${port}/v1/health`);
          return (await response.json()).data.version;
        }),
      );
    /** How many chats each replica has had. */
    const chatsOf = async (ports: readonly number[]): Promise<number[]> =>
      Promise.all(
        ports.map(async (port) => {
          const response = await fetch(`http://127.0.0.1:${port}/v1/status`, {
            headers: { "x-muxi-admin-key": "fma_0123456789abcdef" },
          });
          return (await response.json()).data.stats.requests.total;
        }),
      );
    /** Every running replica serves this version, and each of them gets its share of the chats. */
    const expectServing = async (version: string): Promise<void> => {
      const ports = (await processes()).map(({ port }) => port);
      expect(await versionsOf(ports)).toEqual(Array(replicas).fill(version));
      const before = await chatsOf(ports);
      await until("each replica has had a chat", async () => {
        const chat = traffic({ streams: 0, jsons: 1 });
        await until("a chat is answered", () => chat.answered > 0);
        await chat.stop();
        expect(chat.failures).toEqual([]);
        const now = await chatsOf(ports);
        return now.every((chats, at) => chats > (before[at] ?? 0));
      });
      expect((await call(url, "GET", "/rpc/server/status")).body.data.port_pool.allocated).toBe(replicas);
    };

    expectStatus(await deployBundle(url, await packed("1.0.0")), 201);
    await expectServing("1.0.0");

    const [victim] = await processes();
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await untilExpected("its death is noticed", async () =>
      expect(await processes()).toHaveLength(replicas - 1),
    );
    const load = traffic({ streams: 4, jsons: 2 });
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
