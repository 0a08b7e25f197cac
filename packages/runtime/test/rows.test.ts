import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { until } from "../../../test/until.ts";
import { copyRows } from "../src/store/index.ts";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";
import { createDatabase, createSchema, onPostgres, query } from "./postgres.ts";

const admin = { key: "admin" } as const;
const ann = { user: "ann" };

const formationIn = async (database: string, id = "orchard") =>
  startFormation(await writeFormation({ "formation.afs": manifest.replace(/^id: .*$/m, `id: ${id}`) }), {
    database,
  });

/** Says something, remembers something, and makes a job. */
const use = async (api: Api, fruit: string): Promise<void> => {
  await api.chat(`I like ${fruit}`, { ...ann, session: `about-${fruit}` });
  await api.call("POST", "/memories", { ...ann, body: { content: `Likes ${fruit}` } });
  const job = { type: "prompt", schedule: "0 9 * * *", message: `Order ${fruit}`, user_id: "ann" };
  await api.call("POST", "/scheduler/jobs", { ...admin, body: job });
};

/** What a user sees of it. */
const known = async (api: Api) => {
  const dataOf = async (route: string) => (await api.get(route, ann)).body.data;
  const { sessions } = await dataOf("/sessions");
  const messages = await Promise.all(
    sessions.map(({ session_id }: { session_id: string }) => dataOf(`/sessions/${session_id}/messages`)),
  );
  return { sessions, messages, memories: await dataOf("/memories"), jobs: await dataOf("/scheduler/jobs") };
};

describe.runIf(onPostgres)("rows of a formation on Postgres", () => {
  test("come back, into the same database and another one, and those of others stay", async () => {
    const database = await createSchema();
    const file = path.join(temporaryFolder(), "rows");
    const other = await formationIn(database, "other");
    await use(other, "plums");
    const first = await formationIn(database);
    await use(first, "apples");
    const then = await known(first);
    await copyRows(database, "orchard", { to: file });
    expect(await readFile(file, "utf8")).not.toContain("plums");

    await use(first, "pears");
    await first.runtime.close(0);
    await use(other, "cherries");
    const beside = await known(other);
    await expect(copyRows(database, "orchard", { from: file, replaces: false })).rejects.toThrow("--force");
    await copyRows(database, "orchard", { from: file, replaces: true });
    const again = await formationIn(database);
    expect(await known(again)).toEqual(then);
    await use(again, "quinces");
    expect((await known(again)).messages).toHaveLength(2);
    expect(await known(other)).toEqual(beside);
    await use(other, "medlars");

    const elsewhere = await createDatabase();
    await copyRows(elsewhere, "orchard", { from: file, replaces: false });
    expect(await known(await formationIn(elsewhere))).toEqual(then);
    await expect(copyRows(elsewhere, "other", { from: file, replaces: true })).rejects.toThrow("'orchard'");
  });

  test("are of one moment, and a load that fails in the middle has changed nothing", async () => {
    const database = await createSchema();
    const file = path.join(temporaryFolder(), "rows");
    const api = await formationIn(database);
    await use(api, "apples");
    await copyRows(database, "orchard", { to: file });
    await use(api, "pears");
    const now = await known(api);
    const text = await readFile(file, "utf8");
    for (const broken of [
      `${text}message\t{"seq":`,
      `${text}nothing\t{}\n`,
      text.replace('"schema":', '"schema":1'),
    ]) {
      await writeFile(file, broken);
      await expect(copyRows(database, "orchard", { from: file, replaces: true })).rejects.toThrow();
      expect(await known(api)).toEqual(now);
    }
  });

  test("of an earlier schema are brought to today's", async () => {
    const database = await createSchema();
    const file = path.join(temporaryFolder(), "rows");
    const session = {
      seq: 1,
      formation_id: "orchard",
      id: "s1",
      user_id: "ann",
      created_at: 5,
      last_activity: 5,
    };
    const message = { seq: 9, session_seq: 1, id: "m1", role: "user", content: "Hello", created_at: 5 };
    await writeFile(
      file,
      [
        JSON.stringify({ schema: 1, formation_id: "orchard" }),
        `session\t${JSON.stringify(session)}`,
        `message\t${JSON.stringify(message)}\n`,
      ].join("\n"),
    );
    await copyRows(database, "orchard", { from: file, replaces: false });
    const api = await formationIn(database);
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages).toMatchObject([{ content: "Hello" }]);
    expect((await api.chat("And now?", { ...ann, session: "s1" })).status).toBe(200);
  });

  test("a process that is killed while it loads leaves what was there", async () => {
    const database = await createSchema();
    const folder = await writeFormation({
      "formation.afs": `${manifest}memory: { persistent: { connection_string: "${database}" } }\n`,
    });
    const file = path.join(temporaryFolder(), "rows");
    const api = await startFormation(folder, { database });
    await use(api, "apples");
    await copyRows(database, "orchard", { to: file });
    await use(api, "pears");
    const now = await known(api);
    // Rows enough for the moment to come.
    const [, line] = /^(message\t.*)$/m.exec(await readFile(file, "utf8")) ?? [];
    const more = Array.from(
      { length: 50_000 },
      (_, at) => `${line?.replace(/"seq":\d+/, `"seq":${at + 1_000_000}`)}\n`,
    );
    await writeFile(file, more.join(""), { flag: "a" });
    const main = path.join(import.meta.dirname, "../src/main.ts");
    const child = spawn(process.execPath, [
      ...["--conditions=muxi-source", "--no-warnings", main, folder, "--load-rows", file, "--force"],
    ]);
    onTestFinished(() => void child.kill("SIGKILL"));
    let printed = "";
    child.stderr.on("data", (text) => (printed += text));
    const ended = once(child, "exit");
    await until("it is filling its tables", async () => {
      if (child.exitCode !== null) throw new Error(`it has ended: ${printed}`);
      const [{ filling } = {}] = await query(
        "select count(*)::int as filling from pg_stat_activity where query like 'insert into message%' and state = 'active'",
        database,
      );
      return filling === 1;
    });
    child.kill("SIGKILL");
    await ended;
    expect(await known(api)).toEqual(now);
    await until("the server has rolled back", async () => {
      const [{ left } = {}] = await query(
        "select count(*)::int as left from pg_stat_activity where query like 'insert into message%'",
        database,
      );
      return left === 0;
    });
    await copyRows(database, "orchard", { to: file });
    await copyRows(database, "orchard", { from: file, replaces: true });
    expect(await known(api)).toEqual(now);
  });
});
