import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openKnowing, writeKnowing } from "./elsewhere.ts";
import { seeded } from "./processes.ts";
import { emptyPlace, openAt, storedIn } from "./stored-documents.ts";
import { startWebServer } from "./web-server.ts";

const program = fileURLToPath(import.meta.resolve("./sync-process.ts"));

const startSync = (dir: string, place: string): ChildProcess => {
  const child = fork(program, [dir, place], { execArgv: ["--conditions=muxi-source"], stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
};

/** A server with a folder of some documents, and what they say. */
const startShelves = async (count: number) => {
  const names = Array.from({ length: count }, (_, at) => `${at}.md`);
  const web = await startWebServer({
    "/n/": `<html>${names.map((name) => `<a href="${name}">x</a>`).join("")}</html>`,
  });
  return { ...web, write: (at: number, text: string) => Object.assign(web.pages, { [`/n/${at}.md`]: text }) };
};

test("what is stored after many kills in the middle of a sync is what one without kills stores", async () => {
  const random = seeded(7);
  const web = await startShelves(6);
  const text = (at: number) =>
    Array.from(
      { length: 40 },
      (_, line) => `Shelf ${at} has box ${line} with ${Math.floor(random() * 1e6)} nails.`,
    );
  for (let at = 0; at < 6; at += 1) web.write(at, text(at).join("\n\n"));
  const dir = await writeKnowing([`url: "${web.url}/n/*.md"`], "chunk_size: 200,");
  const place = await emptyPlace();
  const pids: (number | undefined)[] = [];
  for (let kills = 0; kills < 6; kills += 1) {
    web.write(kills, text(kills).join("\n\n"));
    const child = startSync(dir, place);
    pids.push(child.pid);
    const exited = once(child, "exit");
    const before = web.requests.length;
    const wanted = 1 + Math.floor(random() * 7);
    while (child.exitCode === null && web.requests.length < before + wanted) await sleep(5);
    await sleep(random() * 100);
    child.kill("SIGKILL");
    await exited;
  }
  const [code] = await once(startSync(dir, place), "exit");
  expect(code).toBe(0);
  const fresh = await openKnowing(dir);
  const database = await openAt(place);
  expect(await storedIn(database)).toEqual(await storedIn(fresh.database));
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith("muxi-fetched-"));
  expect(left.filter((name) => pids.some((pid) => name.includes(`%3A${pid}%3A`)))).toEqual([]);
}, 120_000);

test("of processes that start together on one database, one fetches, and each finds all of it", async () => {
  const web = await startShelves(3);
  for (let at = 0; at < 3; at += 1) web.write(at, `The room ${at} is locked.`);
  const dir = await writeKnowing([`url: "${web.url}/n/*.md"`]);
  const place = await emptyPlace();
  const opened = await Promise.all(
    [1, 2].map(async () => openKnowing(dir, { database: await openAt(place) })),
  );
  for (const { find } of opened) expect((await find("room locked")).length).toBe(3);
  expect(web.paths().sort()).toEqual(["/n/", "/n/0.md", "/n/1.md", "/n/2.md"]);
});
