import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { deployBundle, expectStatus, formationFolder, manifestOf, tar } from "./bundles.ts";
import { startTestServer } from "./helpers.ts";

const formation = "/rpc/formations/my-bot";

it("downloads the files without the key, and the database only when asked", async () => {
  const { url, data } = await startTestServer();
  const manifest = `${manifestOf("my-bot", "1.0.0")}memory: { persistent: { connection_string: "sqlite:///kept.sqlite" } }\n`;
  const files = { ".key": "k", ".env": "A=1", "SOUL.md": "soul" };
  const parent = await formationFolder({ manifest, files });
  await mkdir(join(parent, "my-bot/node_modules"));
  await writeFile(join(parent, "my-bot/node_modules/index.js"), "");
  expectStatus(await deployBundle(url, await tar(parent, "my-bot")), 201);
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(join(data, "formations/my-bot/current/kept.sqlite"));
  database.exec("pragma journal_mode = wal; create table t (x); insert into t values (1)");
  const names = async (query: string): Promise<string[]> => {
    const response = await fetch(`${url}${formation}/download${query}`);
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="my-bot.zip"');
    const file = join(data, "got.zip");
    await writeFile(file, Buffer.from(await response.arrayBuffer()));
    const { execFileSync } = await import("node:child_process");
    const list =
      "import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;print(*z.namelist())";
    return execFileSync("python3", ["-c", list, file], { encoding: "utf8" }).trim().split(" ");
  };
  expect(await names("")).toEqual([".env", "SOUL.md", "formation.afs", "started"]);
  expect(await names("?db=true")).toContain("kept.sqlite");
  database.close();
});
