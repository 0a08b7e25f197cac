import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isAlive } from "@muxi/server";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createWorld, type World } from "./helpers.ts";

const server = process.env.MUXI_TEST_POSTGRES;

/** An address on the Postgres that the tests run on, with a schema of its own. */
const createStore = async () => {
  const schema = `backup_${process.hrtime.bigint()}`;
  const client = new pg.Client(server);
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`create schema ${schema}`);
  const url = new URL(server ?? "");
  url.searchParams.set("options", `-csearch_path=${schema}`);
  url.searchParams.set("application_name", schema);
  /** Keeps whoever wants to replace the rows waiting, until it is released. */
  const hold = async () => {
    await client.query(`begin; lock table ${schema}.message in row exclusive mode`);
    const waiters = async () => {
      // A transaction would see the activity of its beginning.
      await client.query("select pg_stat_clear_snapshot()");
      const { rows } = await client.query(
        "select 1 from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'",
        [schema],
      );
      return rows.length;
    };
    await until("somebody waits for the rows", async () => (await waiters()) > 0);
    return () => client.query("rollback");
  };
  return { url: url.href, hold };
};

describe.runIf(server)("a formation on Postgres", { timeout: 120_000 }, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ MUXI_BACKUP_PASSPHRASE: "correct horse battery" });
  });
  afterAll(() => world.close());

  const file = (name: string) => join(world.home, name);
  const ok = async (...args: string[]) => {
    // A chat needs no process of its own.
    const outcome = await (args[0] === "chat" ? world.run(args) : world.start(args).done);
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    return outcome.stdout;
  };
  const refused = async (...args: string[]) => {
    const { code, stderr } = await world.start(args).done;
    expect(code).toBe(1);
    return stderr;
  };

  /** Starts a formation, and tells it something. */
  const open = async (id: string) => {
    const store = await createStore();
    const folder = await world.formation(id, {
      "formation.afs": `schema: "1.0.0"\nid: ${id}\ndescription: Knows things\nmemory: { persistent: { connection_string: "${store.url}" } }\n`,
    });
    await ok("up", folder, "--detach");
    await ok("chat", "-f", id, "My favourite apple is the Egremont Russet.");
    return { ...store, folder };
  };
  const asked = (id: string, question: string) => ok("chat", "-f", id, question);

  test("comes back with what it knew, in a folder of its own, when its rows may be replaced", async () => {
    const { folder } = await open("shared");
    await ok("backup", "shared", "-o", file("shared.backup"));
    expect((await readFile(file("shared.backup"))).includes("Egremont")).toBe(false);
    await ok("chat", "-f", "shared", "My dog is called Bramble.");
    await ok("down", "shared");

    const copy = join(world.home, "copy");
    expect(await refused("restore", file("shared.backup"), "--dir", copy)).toContain("--force");
    expect(existsSync(copy)).toBe(false);
    await ok("restore", file("shared.backup"), "--dir", copy, "--force");
    expect(existsSync(join(copy, ".postgres-rows"))).toBe(false);
    await ok("up", copy, "--detach");
    expect(await asked("shared", "What is my favourite apple?")).toContain("Egremont Russet");
    expect(await asked("shared", "What is my dog called?")).not.toContain("Bramble");
    await ok("down", "shared");
    expect(existsSync(join(folder, "formation.afs"))).toBe(true);
  });

  test("whoever is killed while its rows come back has the old rows and the old folder", async () => {
    const { folder, hold } = await open("killed");
    await ok("backup", "killed", "-o", file("killed.backup"));
    await ok("chat", "-f", "killed", "My dog is called Bramble.");
    await ok("down", "killed");
    await writeFile(join(folder, "added.md"), "");
    const restore = world.start(["restore", file("killed.backup"), "--dir", folder, "--force"]);
    const release = await hold();
    const { stdout } = await promisify(execFile)("ps", ["-o", "pid=", "--ppid", String(restore.pid)]);
    restore.kill("SIGKILL");
    await restore.done;
    await until("the process that copies has ended", () => !isAlive(Number(stdout)));
    await release();
    expect(existsSync(join(folder, "added.md"))).toBe(true);
    await ok("up", folder, "--detach");
    expect(await asked("killed", "What is my dog called?")).toContain("Bramble");
    await ok("down", "killed");
    await ok("restore", file("killed.backup"), "--dir", folder, "--force");
    expect(existsSync(join(folder, "added.md"))).toBe(false);
  });

  test("is backed up from a server, and has its rows back by way of a folder", async () => {
    const { folder } = await open("deployed");
    await ok("down", "deployed");
    const keys =
      "server: { api_keys: { client_key: fmc_0123456789abcdef, admin_key: fma_0123456789abcdef } }\n";
    await appendFile(join(folder, "formation.afs"), keys);
    await ok("deploy", folder);
    await ok("backup", "deployed", "--remote", "-o", file("deployed.backup"));
    const hint = await refused("restore", file("deployed.backup"), "--remote", "--force");
    expect(hint).toContain("muxi remote stop deployed");
    await ok("remote", "stop", "deployed", "--force");
    const copy = join(world.home, "redeployed");
    await ok("restore", file("deployed.backup"), "--dir", copy, "--force");
    await ok("remote", "start", "deployed");
    expect(await asked("deployed", "What is my favourite apple?")).toContain("Egremont Russet");
  });
});
