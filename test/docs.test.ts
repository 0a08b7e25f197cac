import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openFormation, openSecrets, templateNames } from "@muxi/formation";
import { expect, onTestFinished, test } from "vitest";
import { createWorld } from "../packages/cli/test/helpers.ts";
import { blocksOf, readDoc, runAsWritten, scriptOf } from "./doc-pages.ts";
import { firstColumn } from "./spec-pages.ts";

test("the formation of docs/formation.md is valid and has the parts that it shows", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-docs-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const text = await readDoc("formation.md");
  const files = blocksOf(text).filter(({ name }) => name !== "");
  for (const { name, content } of files) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  await mkdir(path.join(folder, "knowledge/apples"), { recursive: true });
  const secrets = await openSecrets(folder);
  for (const name of await templateNames(folder)) await secrets.set(name, `value of ${name}`);
  const formation = await openFormation(folder);
  expect(formation.agents.map(({ id }) => id)).toEqual(["grower", "orders"]);
  expect(files.map(({ name }) => name)).toContain("triggers/order-late.md");
});

/** A test of their own runs them: each of the two has a limit of time to itself. */
const backupsOf = (page: string): string => /\n## Backup\n[\s\S]*?(?=\n## )/.exec(page)?.[0] ?? "";

test("the commands of docs/server.md work one after the other, on the settings that it shows", {
  timeout: 120_000,
}, async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const page = (await readDoc("server.md")).replaceAll("7890", String(world.port));
  const stdout = await runAsWritten(world, scriptOf(page.replace(backupsOf(page), "")));
  expect(stdout).toContain('"status":"healthy"');
  expect(stdout).toContain("event: done");
  expect(stdout).toContain("1.1.0"); // After the update
  expect(stdout).toMatch(/Version +1\.0\.0/); // After the rollback

  await world.run(["server", "stop"]);
  const settings = blocksOf(page).find(({ language }) => language === "yaml")?.content ?? "";
  const file = path.join(world.home, ".muxi/server/config.yaml");
  await writeFile(file, settings.replace("9464", "0"), { mode: 0o600 });
  const started = await world.run(["server", "start", "--daemon"]);
  expect(started.stdout + started.stderr).toContain(`http://127.0.0.1:${world.port}`);
});

test("what docs/server.md backs up comes back, into a folder and onto the server", {
  timeout: 120_000,
}, async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  await world.formation("my-bot");
  expect(await world.run(["server", "start", "--daemon"])).toMatchObject({ code: 0 });
  expect(await world.run(["deploy", path.join(world.home, "my-bot")])).toMatchObject({ code: 0 });
  const stdout = await runAsWritten(world, scriptOf(backupsOf(await readDoc("server.md"))));
  expect(stdout).toContain(`into ${path.join(world.home, "restored-bot")}`);
  expect(stdout).toMatch(/Restored my-bot \(\d+ files\) on /);
});

test("the data model of docs/architecture.md has every table of the newest schema, and no other", async () => {
  const [, model = ""] = (await readDoc("architecture.md")).split("\n## Data model\n");
  const [section = ""] = model.split("\n## ");
  const written = firstColumn(section);
  const databases = path.join(import.meta.dirname, "../packages/runtime/test/fixtures/databases");
  const tables = new Set<string>();
  for (const engine of ["sqlite", "postgres"]) {
    const newest = (await readdir(path.join(databases, engine)))
      .filter((name) => /^\d/.test(name))
      .sort()
      .at(-1);
    const dump = await readFile(path.join(databases, engine, newest ?? ""), "utf8");
    for (const [, table = ""] of dump.matchAll(/^create table (?:if not exists )?"?(?:\w+\.)?(\w+)/gim))
      tables.add(table);
  }
  expect(written.sort()).toEqual([...tables].sort());
});
