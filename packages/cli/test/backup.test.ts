import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createWorld, type World } from "./helpers.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld({ MUXI_BACKUP_PASSPHRASE: "correct horse battery" });
});
afterAll(() => world.close());

/** Makes the backup of a small formation, and gives its path. */
const smallBackup = async (id: string): Promise<{ folder: string; file: string }> => {
  const folder = await world.formation(id, { "SOUL.md": "Be the old one.", "knowledge/pears.md": "Pears." });
  const file = join(world.home, `${id}.backup`);
  expect(await world.run(["backup", folder, "-o", file])).toMatchObject({ code: 0, stderr: "" });
  return { folder, file };
};

test("what a running formation knows, its secrets and its keys come back from a backup", async () => {
  const folder = await world.hello();
  await world.run(["secrets", "set", "ORCHARD_TOKEN", "token-in-the-clear"], { cwd: folder });
  expect((await world.run(["up", folder, "--detach"])).code).toBe(0);
  await world.run(["chat", "My favourite apple is the Egremont Russet."]);
  const file = join(world.home, "hello.backup");
  const made = await world.run(["backup", "hello", "-o", file, "--output", "json"]);
  expect(made.code, made.stderr).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({ formation_id: "hello", path: file });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const bytes = await readFile(file);
  for (const text of ["formation.afs", "token-in-the-clear", "Egremont"])
    expect(bytes.includes(text)).toBe(false);

  const keys = await readFile(join(folder, ".keys.json"), "utf8");
  await world.run(["down", "hello"]);
  const elsewhere = join(world.home, "elsewhere");
  const restored = await world.run(["restore", file, "--dir", elsewhere]);
  expect(restored.code, restored.stderr).toBe(0);
  expect(await readFile(join(elsewhere, ".keys.json"), "utf8")).toBe(keys);
  expect((await stat(join(elsewhere, ".key"))).mode & 0o777).toBe(0o600);
  expect((await world.run(["secrets", "get", "ORCHARD_TOKEN"], { cwd: elsewhere })).stdout).toContain(
    "token-in-the-clear",
  );
  expect((await world.run(["up", elsewhere, "--detach"])).code).toBe(0);
  const { stdout } = await world.run(["chat", "What is my favourite apple?"]);
  expect(stdout).toContain("Egremont Russet");
  const running = await world.run(["restore", file, "--dir", elsewhere, "--force"]);
  expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining("muxi down hello") });
  await world.run(["down", "hello"]);
});

test("a backup is of one moment, though the database is written to all the time", async () => {
  const folder = await world.formation("written");
  const database = new DatabaseSync(join(folder, "memory.db"));
  database.exec("pragma journal_mode = wal; create table pair (side text, n integer)");
  database.exec("insert into pair values ('left', 0), ('right', 0)");
  const file = join(world.home, "written.backup");
  const backup = world.start(["backup", folder, "-o", file]);
  let ended = false;
  void backup.done.then(() => {
    ended = true;
  });
  for (let n = 1; !ended; n += 1) {
    database.exec(
      `begin; update pair set n = ${n} where side = 'left'; update pair set n = ${n} where side = 'right'; commit`,
    );
    await new Promise(setImmediate);
  }
  database.close();
  expect(await backup.done).toMatchObject({ code: 0, stderr: "" });
  const copy = join(world.home, "written-again");
  await world.run(["restore", file, "--dir", copy]);
  const restored = new DatabaseSync(join(copy, "memory.db"), { readOnly: true });
  expect(restored.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(restored.prepare("select count(distinct n) as numbers from pair").get()).toEqual({ numbers: 1 });
  restored.close();
  expect(await readdir(copy)).not.toContain("memory.db-wal");
});

test("neither a file nor a folder is replaced without --force", async () => {
  const { folder, file } = await smallBackup("careful");
  expect(await world.run(["backup", folder, "-o", file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already exists"),
  });
  await writeFile(join(folder, "SOUL.md"), "Be the new one.");
  await writeFile(join(folder, "added.md"), "");
  const refused = await world.run(["restore", file]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  expect(await readFile(join(folder, "SOUL.md"), "utf8")).toBe("Be the new one.");
  expect(await world.run(["restore", file, "--force"])).toMatchObject({ code: 0 });
  expect(await readFile(join(folder, "SOUL.md"), "utf8")).toBe("Be the old one.");
  expect(existsSync(join(folder, "added.md"))).toBe(false);
});

test("a wrong passphrase, a damaged byte anywhere and a missing end change nothing", async () => {
  const { folder, file } = await smallBackup("whole");
  await writeFile(join(folder, "SOUL.md"), "Be the new one.");
  const bytes = await readFile(file);
  const bad = join(world.home, "bad.backup");
  const expectRefused = async (message: string | RegExp, args: string[] = []) => {
    const { code, stderr } = await world.run(["restore", bad, "--force", "--dir", folder, ...args]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) });
    expect(await readFile(join(folder, "SOUL.md"), "utf8")).toBe("Be the new one.");
    expect((await readdir(world.home)).filter((name) => name.startsWith(".whole."))).toEqual([]);
  };

  await cp(file, bad);
  const wrong = join(world.home, "wrong-passphrase");
  await writeFile(wrong, "incorrect horse\n");
  await expectRefused("The passphrase is wrong", ["--passphrase-file", wrong]);
  for (const at of [20, 60, 120, 200, 400, bytes.length - 20, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await writeFile(bad, damaged);
    await expectRefused(/damaged|passphrase is wrong/);
  }
  for (const size of [40, 300, bytes.length - 1]) {
    await writeFile(bad, bytes);
    await truncate(bad, size);
    await expectRefused(/damaged|passphrase is wrong/);
  }
  await writeFile(bad, "Not a backup.");
  await expectRefused("is not a backup of muxi");
  await writeFile(bad, bytes.toString("latin1").replace('"version":1', '"version":2'), "latin1");
  await expectRefused("made by another version of muxi");
});

test("chunks of a backup can be neither left out, nor exchanged, nor cut off", async () => {
  const { seal, newHeader, openSealed } = await import("../src/backup/index.ts");
  const text = Buffer.alloc(3_500_000, "0123456789");
  const pieces: Buffer[] = [];
  const source = async function* () {
    yield text;
  };
  for await (const piece of seal(source(), newHeader({ formation_id: "x", origin: "draft" }), "passphrase"))
    pieces.push(piece);
  const [head = Buffer.alloc(0), first = head, second = head, third = head, last = head] = pieces;
  expect(pieces).toHaveLength(5);
  const path = join(world.home, "chunks");
  const contentOf = async (parts: Buffer[]): Promise<Buffer> => {
    await writeFile(path, Buffer.concat(parts));
    const sealed = await openSealed(path);
    const got: Buffer[] = [];
    try {
      for await (const chunk of sealed.content("passphrase")) got.push(chunk);
    } finally {
      await sealed.close();
    }
    return Buffer.concat(got);
  };
  expect((await contentOf(pieces)).equals(text)).toBe(true);
  await expect(contentOf([head, first, third, last])).rejects.toThrow("damaged");
  await expect(contentOf([head, first, third, second, last])).rejects.toThrow("damaged");
  await expect(contentOf([head, first, second, third])).rejects.toThrow("damaged");
  await expect(contentOf([head, first, second, third, last, last])).rejects.toThrow("damaged");
});

test("whoever is killed while restoring has the old folder or the new one, whole", async () => {
  const { folder, file } = await smallBackup("killed");
  await mkdir(join(folder, "many"));
  const beside = async (part: string): Promise<string | undefined> =>
    (await readdir(world.home)).find((name) => name.startsWith(`.killed.${part}`));
  const moments: [string, () => Promise<boolean>][] = [
    ["it has begun", async () => (await beside("restoring")) !== undefined],
    [
      "it is unpacking",
      async () => {
        const fresh = await beside("restoring");
        return fresh !== undefined && existsSync(join(world.home, fresh, "folder", "formation.afs"));
      },
    ],
    ["it exchanges the folders", async () => (await beside("replaced")) !== undefined],
  ];
  for (const [what, hasCome] of moments) {
    await writeFile(join(folder, "SOUL.md"), "Be the new one.");
    await writeFile(join(folder, "added.md"), "");
    const restore = world.start(["restore", file, "--force"]);
    let isOver = false;
    void restore.done.then(() => {
      isOver = true;
    });
    await until(what, async () => isOver || (await hasCome()));
    restore.kill("SIGKILL");
    await restore.done;
    // The next run cleans up first, and is refused since the folder is there.
    expect(await world.run(["restore", file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already exists"),
    });
    const soul = await readFile(join(folder, "SOUL.md"), "utf8");
    expect(existsSync(join(folder, "added.md"))).toBe(soul === "Be the new one.");
    expect(await readFile(join(folder, "knowledge/pears.md"), "utf8")).toBe("Pears.");
    expect(await beside("")).toBeUndefined();
  }
});

test("what cannot be backed up is refused with the remedy", async () => {
  const connection = (url: string) =>
    `schema: "1.0.0"\nid: away\ndescription: Elsewhere\nmemory: { persistent: { connection_string: "${url}" } }\n`;
  const folder = await world.formation("away", {
    "formation.afs": connection("postgres://127.0.0.1:1/orchard"),
  });
  const onPostgres = await world.start(["backup", folder, "-o", "away.backup"]).done;
  expect(onPostgres).toMatchObject({ code: 1, stderr: expect.stringContaining("no connection") });
  expect(existsSync(join(world.home, "away.backup"))).toBe(false);
  await writeFile(join(folder, "formation.afs"), connection("sqlite:////var/lib/orchard.db"));
  const outside = await world.run(["backup", folder, "-o", "away.backup"]);
  expect(outside).toMatchObject({ code: 1, stderr: expect.stringContaining("/var/lib/orchard.db") });
  expect(await world.run(["backup", "nobody", "-o", "x"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no formation 'nobody'"),
  });
  const short = await createWorld({ MUXI_BACKUP_PASSPHRASE: "short" });
  const refused = await short.run(["backup", await short.formation("any"), "-o", "x"]);
  expect(refused.stderr).toContain("at least 8 characters");
  await short.close();
});
