import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import {
  bundle,
  call,
  deployBundle,
  expectStatus,
  formationFolder,
  manifestOf,
  tar,
  updateBundle,
} from "./bundles.ts";
import { startTestServer, type TestServer, temporaryFolder } from "./helpers.ts";

const formation = "/rpc/formations/my-bot";
const withoutKeys = manifestOf("my-bot", "1.0.0").replace(/server:[\s\S]*/, "");
const withData = { "x-muxi-include-data": "true" };

const current = ({ data }: TestServer, ...path: string[]) => join(data, "formations/my-bot/current", ...path);

/** What the running formation would have written. */
const learn = async (server: TestServer, fact: string): Promise<void> => {
  const database = new DatabaseSync(current(server, "memory.db"));
  database.exec("pragma journal_mode = wal; create table if not exists fact (text)");
  database.prepare("insert into fact values (?)").run(fact);
  database.close();
  await writeFile(current(server, "artifacts", `${fact}.txt`), fact);
};

const factsOf = (server: TestServer): unknown[] => {
  const database = new DatabaseSync(current(server, "memory.db"), { readOnly: true });
  const rows = database.prepare("select text from fact order by text").all();
  database.close();
  return rows.map(({ text }) => text);
};

/** A backup, unpacked: the folder that holds `my-bot`. */
const backUp = async ({ url }: TestServer): Promise<string> => {
  const response = await fetch(`${url}${formation}/backup`);
  expect(response.status).toBe(200);
  const parent = await temporaryFolder();
  await writeFile(join(parent, "backup.zip"), Buffer.from(await response.arrayBuffer()));
  const unzip = "import sys,zipfile;zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
  await promisify(execFile)("python3", ["-c", unzip, join(parent, "backup.zip"), join(parent, "my-bot")]);
  return parent;
};

const start = async (): Promise<TestServer> => {
  const server = await startTestServer();
  const parent = await formationFolder({ manifest: withoutKeys, files: { ".env": "A=1", ".key": "k" } });
  await mkdir(join(parent, "my-bot/node_modules"));
  await writeFile(join(parent, "my-bot/node_modules/index.js"), "");
  expectStatus(await deployBundle(server.url, await tar(parent, "my-bot")), 201);
  return server;
};

it("gives everything that a formation is: hidden files, keys, artifacts, and the database while it is open", async () => {
  const server = await start();
  await learn(server, "pears");
  const open = new DatabaseSync(current(server, "memory.db"));
  open.exec("insert into fact values ('quinces')");
  const folder = join(await backUp(server), "my-bot");
  open.close();
  expect((await readdir(folder)).sort()).toEqual(
    [".env", ".key", ".keys.json", "artifacts", "formation.afs", "memory.db", "started"].sort(),
  );
  expect(await readdir(join(folder, "artifacts"))).toEqual(["pears.txt"]);
  expect(await readFile(join(folder, ".keys.json"), "utf8")).toBe(
    await readFile(current(server, ".keys.json"), "utf8"),
  );
  const database = new DatabaseSync(join(folder, "memory.db"));
  expect(database.prepare("select count(*) as count from fact").get()).toEqual({ count: 2 });
  database.close();
  expect((await call(server.url, "GET", "/rpc/formations/nobody/backup")).status).toBe(404);
  expect((await call(server.url, "POST", `${formation}/backup`)).status).toBe(405);
});

it("needs a signature, as every call that manages a server", async () => {
  const credentials = {
    key: "muxi_pk_0123456789abcdef01234567",
    secret: `muxi_sk_${"0".repeat(56)}`,
    toleranceSeconds: 300,
  };
  const { url } = await startTestServer({ config: { credentials } });
  expect((await call(url, "GET", `${formation}/backup`)).status).toBe(401);
});

it("is restored in place of the formation, as often as one likes, and a rollback finds what was there", async () => {
  const server = await start();
  const { url } = server;
  await learn(server, "pears");
  const keys = await readFile(current(server, ".keys.json"), "utf8");
  const packed = await tar(await backUp(server), "my-bot");
  await learn(server, "plums");

  const restored = expectStatus(await updateBundle(url, packed, withData), 200);
  expect(restored.body.data.left_out).toBeUndefined();
  expect(factsOf(server)).toEqual(["pears"]);
  expect(await readdir(current(server, "artifacts"))).toEqual(["pears.txt"]);
  expect(await readFile(current(server, ".keys.json"), "utf8")).toBe(keys);
  expectStatus(await call(url, "POST", `${formation}/rollback`), 200);
  expect(factsOf(server)).toEqual(["pears", "plums"]);
  expect((await readdir(current(server, "artifacts"))).sort()).toEqual(["pears.txt", "plums.txt"]);
  expectStatus(await call(url, "POST", `${formation}/rollback`), 200);

  // What it learns from here on goes on with the next release, until it is restored once more.
  await learn(server, "figs");
  const next = await bundle({ manifest: `${withoutKeys}author: me\n` });
  expectStatus(await updateBundle(url, next), 200);
  expect(factsOf(server)).toEqual(["figs", "pears"]);
  expect(await readFile(current(server, ".keys.json"), "utf8")).toBe(keys);
  for (const _ of [1, 2]) expectStatus(await updateBundle(url, packed, withData), 200);
  expect(factsOf(server)).toEqual(["pears"]);
  // Of the data that restored releases had, only that of the two which are kept is left.
  const data = await readdir(join(server.data, "formations/my-bot/data"));
  expect(data.filter((name) => /^\d+$/.test(name))).toHaveLength(2);
});

it("is restored on a server that has no such formation", async () => {
  const server = await start();
  await learn(server, "pears");
  const packed = await tar(await backUp(server), "my-bot");
  const keys = await readFile(current(server, ".keys.json"), "utf8");
  const other = await startTestServer();
  expectStatus(await deployBundle(other.url, packed, withData), 201);
  expect(factsOf(other)).toEqual(["pears"]);
  expect(await readFile(current(other, ".keys.json"), "utf8")).toBe(keys);
});

it("leaves a formation as it is when what was sent cannot run, or says neither true nor false", async () => {
  const server = await start();
  const { url } = server;
  const parent = await backUp(server);
  await learn(server, "plums");
  await writeFile(join(parent, "my-bot/behaviour.json"), JSON.stringify({ crash: "cannot run" }));
  const packed = await tar(parent, "my-bot");
  const failed = expectStatus(await updateBundle(url, packed, withData), 400);
  expect(failed.body.message).toContain("cannot run");
  expect(factsOf(server)).toEqual(["plums"]);
  expect(await readdir(join(server.data, "formations/my-bot/data"))).not.toContain("2");
  const odd = await updateBundle(url, packed, { "x-muxi-include-data": "perhaps" });
  expect(expectStatus(odd, 400).body.message).toContain("X-Muxi-Include-Data is 'perhaps'");
});
