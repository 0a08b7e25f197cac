import { pino } from "pino";
import { expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";

const day = 86_400_000;

const add = (api: Api, user: string, content: string) =>
  api.call("POST", "/memories", { user, body: { content } });

const lint = async (api: Api, user_id?: string) =>
  (await api.call("POST", "/memory/lint", { key: "admin", body: { user_id } })).body.data;

interface ShownFault {
  kind: string;
  user_id: string;
  memories: { content: string }[];
}

const faultsIn = (report: { faults: ShownFault[] }) =>
  report.faults.map(({ kind, memories }) => [kind, ...memories.map(({ content }) => content)]);

test("contradictions, doubles and what has passed are found, the newer before the older, and stay", async () => {
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  const known = [
    "The user lives in Lisbon",
    "The user sees the dentist on 2026-02-03",
    "The user was born on 1990-05-05",
    "The user will call the roofer tomorrow",
    "The user likes fresh olives on bread",
    "The user has a dog called Pip",
    "The user has a dog called Pluto",
    "The user keeps twelve brown hens behind the house",
  ];
  for (const content of known) await add(api, "ann", content);
  time += 10 * day;
  await add(api, "ann", "The user lives in Porto");
  await add(api, "ann", "The user does not like fresh olives on bread");
  await add(api, "ann", "Behind the house the user keeps twelve brown hens now");
  await add(api, "bob", "The user lives in Graz");
  expect(faultsIn((await lint(api, "ann")).report)).toEqual([
    ["contradiction", "The user lives in Porto", "The user lives in Lisbon"],
    ["contradiction", "The user does not like fresh olives on bread", "The user likes fresh olives on bread"],
    [
      "double",
      "Behind the house the user keeps twelve brown hens now",
      "The user keeps twelve brown hens behind the house",
    ],
    ["stale", "The user will call the roofer tomorrow"],
  ]);
  time += 30 * day;
  const { user_id, report } = await lint(api);
  expect(user_id).toBeNull();
  expect(report).toMatchObject({ users: 2, memories: 12, contradictions: 2, doubles: 1, stale: 2 });
  expect(faultsIn(report)).toContainEqual(["stale", "The user sees the dentist on 2026-02-03"]);
  expect(new Set(report.faults.map((fault: ShownFault) => fault.user_id))).toEqual(new Set(["ann"]));
  expect((await api.get("/memories?limit=100", { user: "ann" })).body.data.count).toBe(11);
});

test("memories are looked at by the admin alone", async () => {
  const api = await startFormation(await writeFormation());
  const { status } = await api.call("POST", "/memory/lint", { user: "ann", body: { user_id: "bob" } });
  expect(status).toBe(401);
});

test("by a schedule one of the processes looks at all memories, and says what it found", async () => {
  const time = Date.UTC(2026, 0, 1);
  const dir = await writeFormation({
    "formation.afs": `${manifest}memory: { lint: { enabled: true, schedule: daily } }\n`,
  });
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const checked = () => lines.filter((line) => line.includes("memories of all users were checked"));
  const start = () => startFormation(dir, { now: () => time, log });
  await start();
  await untilExpected("they are checked", () => expect(checked()).toHaveLength(1));
  const api = await start();
  await add(api, "ann", "The user lives in Lisbon");
  expect(checked()).toHaveLength(1);
});

test("a schedule that is none is refused with what to write", async () => {
  const dir = await writeFormation({
    "formation.afs": `${manifest}memory: { lint: { enabled: true, schedule: sometimes } }\n`,
  });
  await expect(startFormation(dir)).rejects.toThrow(/memory\.lint\.schedule.*is no schedule/s);
});

test("an item of a source that is sent twice at the same time is there once", async () => {
  const api = await startFormation(await writeFormation());
  const send = () =>
    api.call("POST", "/memories/batch", {
      user: "ann",
      body: { items: [{ content: "The user rents a garden", source: "crm", source_id: "7" }] },
    });
  const answers = await Promise.all([send(), send(), send(), send()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await api.get("/memories", { user: "ann" })).body.data.count).toBe(1);
  expect((await send()).body.data.counts).toEqual({ accepted: 0, duplicate: 1, invalid: 0 });
});
