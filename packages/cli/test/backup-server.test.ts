import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { createWorld, type World } from "./helpers.ts";

let world: World;
let file: string;
const apple = "What is my favourite apple?";
const dog = "What is my dog called?";

/** Says what the deployed formation knows of the user. */
const asked = async (question: string): Promise<string> => {
  const { stdout, stderr } = await world.run(["chat", question], { cwd: join(world.home, "hello") });
  return stdout + stderr;
};

const told = (fact: string) => world.run(["chat", fact], { cwd: join(world.home, "hello") });
const inServer = (...path: string[]) => join(world.home, ".muxi/server", ...path);

beforeAll(async () => {
  world = await createWorld({ MUXI_BACKUP_PASSPHRASE: "correct horse battery" });
  file = join(world.home, "hello.backup");
  const folder = await world.hello();
  const keys =
    "server: { api_keys: { client_key: fmc_0123456789abcdef, admin_key: fma_0123456789abcdef } }\n";
  await appendFile(join(folder, "formation.afs"), keys);
  // Large enough that a restore of it takes a moment.
  await mkdir(join(folder, "knowledge-of-nothing"));
  await writeFile(join(folder, "knowledge-of-nothing/noise.bin"), randomBytes(8_000_000));
  expect(await world.run(["server", "start", "--daemon"])).toMatchObject({ code: 0 });
  const deployed = await world.run(["deploy", folder]);
  expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
}, 120_000);
afterAll(() => world.close());

test("what a deployed formation knows comes back from a backup, into a folder and onto its server", {
  timeout: 120_000,
}, async () => {
  await told("My favourite apple is the Egremont Russet.");
  const made = await world.run(["backup", "hello", "--remote", "-o", file]);
  expect(made, made.stderr).toMatchObject({ code: 0, stderr: "" });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file)).includes("Egremont")).toBe(false);

  const copy = join(world.home, "copy");
  expect(await world.run(["restore", file, "--dir", copy])).toMatchObject({ code: 0, stderr: "" });
  expect(await readdir(copy)).toEqual(expect.arrayContaining(["formation.afs", "memory.db", "README.md"]));

  await told("My dog is called Bramble.");
  const refused = await world.run(["restore", file, "--remote"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  expect(await asked(dog)).toContain("Bramble");

  const restored = await world.run(["restore", file, "--remote", "--force"]);
  expect(restored.code, restored.stdout + restored.stderr).toBe(0);
  expect(await asked(apple)).toContain("Egremont Russet");
  expect(await asked(dog)).not.toContain("Bramble");
  await world.run(["remote", "rollback", "hello", "--force"]);
  expect(await asked(dog)).toContain("Bramble");
});

test("a command that is killed while restoring leaves the old formation or the new one, whole", {
  timeout: 120_000,
}, async () => {
  const known = await asked(dog);
  expect(known).toContain("Bramble");
  const received = async () => (await readdir(inServer("tmp"))).some((name) => name.endsWith(".tar.gz"));

  const command = world.start(["restore", file, "--remote", "--force"]);
  await until("the server receives it", received);
  command.kill("SIGKILL");
  await command.done;
  await until("the server has ended what was begun", async () => !(await received()));
  // Cut off while it was sent, or sent whole and restored: the server goes on when its caller leaves.
  const after = await asked(dog);
  expect(after.includes("Bramble") || (await asked(apple)).includes("Egremont Russet")).toBe(true);
});

test.each<[string, () => Promise<boolean>]>([
  ["receives it", async () => (await readdir(inServer("tmp"))).some((name) => name.endsWith(".tar.gz"))],
  [
    "makes the release",
    async () => (await readdir(inServer("tmp"))).some((name) => name.startsWith("hello-")),
  ],
  ["starts the release", async () => existsSync(inServer("formations/hello/staging"))],
])(
  "a server that is killed while it %s has the old formation or the new one, whole",
  {
    timeout: 120_000,
  },
  async (_, hasCome) => {
    await told("My dog is called Bramble.");
    const command = world.start(["restore", file, "--remote", "--force"]);
    let isOver = false;
    void command.done.then(() => {
      isOver = true;
    });
    await until("the moment has come", async () => isOver || (await hasCome()));
    const { pid } = JSON.parse(await readFile(inServer("server.pid"), "utf8"));
    process.kill(pid, "SIGKILL");
    await command.done;
    const started = await world.run(["server", "start", "--daemon"]);
    expect(started, started.stderr).toMatchObject({ code: 0 });
    // The server runs before its formations do.
    await until("the formation runs", async () => !(await asked(dog)).includes("status: starting"));
    const old = expect.stringContaining("Bramble");
    const restored = expect.stringContaining("Egremont Russet");
    const answers = [await asked(dog), await asked(apple)];
    expect([
      [old, expect.anything()],
      [expect.anything(), restored],
    ]).toContainEqual(answers);
  },
);

test("a formation that was deleted is there again, with its memory", { timeout: 60_000 }, async () => {
  await world.run(["remote", "delete", "hello", "--force"]);
  const gone = await world.run(["backup", "hello", "--remote", "-o", join(world.home, "none")]);
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("Formation not deployed") });
  expect(existsSync(join(world.home, "none"))).toBe(false);
  const restored = await world.run(["restore", file, "--remote", "--output", "json"]);
  expect(restored.code, restored.stderr).toBe(0);
  expect(JSON.parse(restored.stdout)).toMatchObject({ formation_id: "hello" });
  expect(await asked(apple)).toContain("Egremont Russet");
  const both = await world.run(["restore", file, "--remote", "--dir", "x"]);
  expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining("--dir") });
});
