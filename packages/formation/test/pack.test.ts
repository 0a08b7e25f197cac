import { chmod, cp, link, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { list, type ReadEntry } from "tar";
import { expect, test } from "vitest";
import { openSecrets, packFormation } from "../src/index.ts";
import { folder, manifest, ref } from "./folder.ts";

/** Where a test's bundle goes: not into the formation. */
const target = async (): Promise<string> => join(await folder({}), "bundle.tar.gz");

const entriesOf = async (file: string): Promise<ReadEntry[]> => {
  const entries: ReadEntry[] = [];
  await list({ file, onReadEntry: (entry) => entries.push(entry) });
  return entries;
};

const pathsOf = async (file: string): Promise<string[]> =>
  (await entriesOf(file)).map(({ path }) => String(path));

test("packs what belongs to the formation, under one folder, and leaves out the rest", async () => {
  const dir = await folder({
    "formation.afs": manifest(
      `version: "1.2.0"\nserver:\n  api_keys:\n    client_key: "${ref("secrets.K")}"\n`,
    ),
    "SOUL.md": "kind",
    ".github/workflow.yml": "x",
    "secrets-data/kept.txt": "x",
    "knowledge/secrets": "x",
    ...Object.fromEntries(
      [
        ...[".git/config", ".muxi", ".env", ".env.local", "node_modules/a/b.js", "__pycache__/c.pyc"],
        ...["d.pyc", ".DS_Store", "e.log", "f.tmp", ".vscode/g", ".idea/h", "memory.db", "memory.db-wal"],
        ...["memory.db-shm", ".keys.json", "sub/node_modules/x", "sub/.env"],
      ].map((name) => [name, "not for the server"]),
    ),
  });
  await (await openSecrets(dir)).set("K", "0123456789abcdef");
  const file = await target();
  const bundle = await packFormation(dir, { target: file });
  expect(await pathsOf(file)).toEqual([
    "my-bot/.github/workflow.yml",
    "my-bot/.key",
    "my-bot/SOUL.md",
    "my-bot/formation.afs",
    "my-bot/knowledge/secrets",
    "my-bot/secrets-data/kept.txt",
    "my-bot/secrets.enc",
  ]);
  expect(bundle).toMatchObject({ id: "my-bot", version: "1.2.0", files: 7, skipped: [] });
  expect(bundle.bytes).toBe((await stat(file)).size);
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  await packFormation(dir, { target: file, includeDb: true });
  const paths = await pathsOf(file);
  expect(paths).toContain("my-bot/memory.db");
  expect(paths).toContain("my-bot/memory.db-wal");
  expect(paths).not.toContain("my-bot/memory.db-shm");
});

test("equal content gives equal bytes, whatever the times, modes and links of the files", async () => {
  const first = await folder({ "formation.afs": manifest(), "a/run.sh": "true", "b.txt": "b", "c.txt": "b" });
  const second = await folder({});
  await cp(first, second, { recursive: true });
  await utimes(join(second, "b.txt"), 1000, 1000);
  await chmod(join(second, "b.txt"), 0o664);
  await rm(join(second, "c.txt"));
  await link(join(second, "b.txt"), join(second, "c.txt"));
  const [one, two] = [await target(), await target()];
  const { sha256 } = await packFormation(first, { target: one });
  expect((await packFormation(second, { target: two })).sha256).toBe(sha256);
  expect(await readFile(two)).toEqual(await readFile(one));
  expect((await entriesOf(two)).map(({ type }) => type)).toEqual(["File", "File", "File", "File"]);

  await writeFile(join(second, "b.txt"), "changed");
  expect((await packFormation(second, { target: two })).sha256).not.toBe(sha256);
});

test("a link inside is packed as what it leads to; one that leads out is left out and named", async () => {
  const outside = await folder({ passwd: "root" });
  const dir = await folder({ "formation.afs": manifest(), "docs/a.md": "a" });
  await symlink("docs", join(dir, "copy"));
  await symlink("docs/a.md", join(dir, "a.md"));
  await symlink(join(outside, "passwd"), join(dir, "passwd"));
  await symlink(outside, join(dir, "elsewhere"));
  await symlink("..", join(dir, "docs/loop"));
  await symlink("nowhere", join(dir, "broken"));
  const file = await target();
  const { skipped } = await packFormation(dir, { target: file });
  expect(await pathsOf(file)).toEqual(
    ["a.md", "copy/a.md", "docs/a.md", "formation.afs"].map((name) => `my-bot/${name}`),
  );
  expect(skipped).toEqual(["broken", "copy/loop", "docs/loop", "elsewhere", "passwd"]);
});

test.each([
  ["a reference to the environment", manifest(`name: "${ref("env.HOME")}"\n`), "deployed formation"],
  ["a missing secret", manifest(`name: "${ref("secrets.LOST")}"\n`), "LOST"],
  ["an id that a server refuses", manifest().replace("my-bot", "my_bot"), "id"],
  ["a reserved id", manifest().replace("my-bot", "metrics"), "id"],
  ["a version of another form", manifest("version: newest\n"), "version"],
  ["another runtime", manifest('runtime: ">=99"\n'), "requires the MUXI runtime >=99"],
])("refuses %s and leaves no bundle", async (_, text, message) => {
  const file = await target();
  await expect(packFormation(await folder({ "formation.afs": text }), { target: file })).rejects.toThrow(
    message,
  );
  await expect(stat(file)).rejects.toThrow("ENOENT");
});

test("the manifest's runtime is compared with the one that is asked about", async () => {
  const dir = await folder({ "formation.afs": manifest('runtime: { version: "1.2" }\n') });
  await expect(packFormation(dir, { target: await target(), runtimeVersion: "1.3.0" })).rejects.toThrow(
    "runtime.version\n    requires the MUXI runtime 1.2, but this is 1.3.0",
  );
  expect(await packFormation(dir, { target: await target(), runtimeVersion: "1.2.7" })).toMatchObject({
    version: "1.0.0",
  });
});

test.each(["data/notes.db", "sqlite:///data/notes.db", "sqlite://data/notes.db"])(
  "the database of %s is packed on request only",
  async (connection) => {
    const text = manifest(`memory: { persistent: { connection_string: "${connection}" } }`);
    const dir = await folder({
      "formation.afs": text,
      "data/notes.db": "d",
      "data/notes.db-wal": "d",
      "data/notes.db-shm": "d",
      "data/other.csv": "d",
    });
    const file = await target();
    await packFormation(dir, { target: file });
    expect(await pathsOf(file)).toEqual(["my-bot/data/other.csv", "my-bot/formation.afs"]);
    await packFormation(dir, { target: file, includeDb: true });
    expect(await pathsOf(file)).toEqual([
      "my-bot/data/notes.db",
      "my-bot/data/notes.db-wal",
      "my-bot/data/other.csv",
      "my-bot/formation.afs",
    ]);
  },
);
