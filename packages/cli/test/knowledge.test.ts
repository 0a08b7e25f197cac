import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startReceiver } from "../../runtime/test/receiver.ts";
import { createWorld, type World } from "./helpers.ts";

let world: World;
let folder: string;
beforeAll(async () => {
  world = await createWorld();
  folder = await world.formation("shelves", {
    "agents/grower.afs": `schema: "1.0.0"
id: grower
name: Grower
description: Knows trees
knowledge: { sources: [{ id: trees, path: docs/trees }, { path: docs/plums.md }] }
`,
    "docs/trees/pears.md": "Pears are picked in September.\n",
    "docs/trees/broken.docx": "PK and nothing more",
    "docs/plums.md": "Plums fall in August.\n",
  });
  const up = await world.run(["up", folder, "--detach"]);
  if (up.code !== 0) throw new Error(up.stderr);
});
afterAll(() => world.close());

const knowledge = (...args: string[]) => world.run(["knowledge", ...args]);

const whole = `✓ grower: trees (2 documents, 1 passages)
✓ grower: docs/plums.md (1 documents, 1 passages)
`;
const unread =
  "⚠ grower cannot read all of its documents:\n  docs/trees/broken.docx (broken): it is damaged\n";

test("documents are listed with what cannot be read, counted, and searched", async () => {
  expect(await knowledge("sync")).toEqual({ code: 0, stdout: whole, stderr: unread });
  const listed = await knowledge("list");
  expect(
    listed.stdout
      .split("\n")
      .slice(1, 4)
      .map((line) => line.split(/ {2,}/).slice(0, 4))
      .sort(),
  ).toEqual([
    ["grower", "docs/plums.md", "ready", "1"],
    ["grower", "docs/trees/broken.docx", "unread", "0"],
    ["grower", "docs/trees/pears.md", "ready", "1"],
  ]);
  expect(listed.stderr).toBe("⚠ docs/trees/broken.docx cannot be read (broken): it is damaged\n");
  expect((await knowledge("status")).stdout).toMatch(
    /^AGENT +STATE +DOCUMENTS +UNREAD +PASSAGES +AS OF\ngrower +ready +3 +1 +2 +\d{4}-\d\d-\d\d \d\d:\d\d\n$/,
  );
  expect((await knowledge("search", "When", "do", "plums", "fall?")).stdout).toMatch(
    /^grower: docs\/plums\.md \d+\.\d\d\n {2}Plums fall in August\.\n\n$/,
  );
  expect((await knowledge("search", "zeppelin", "--agent", "grower")).stdout).toBe("Nothing is found\n");
});

test("a sync reads what was edited while the formation runs, and a rebuild reads all anew", async () => {
  await writeFile(join(folder, "docs/plums.md"), "Plums fall in July.\n\nThey are blue.\n");
  expect(await knowledge("sync", "--source", "docs/plums.md", "--json")).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect((await knowledge("search", "plums")).stdout).toContain("Plums fall in July.");
  const rebuilt = await knowledge("rebuild", "--agent", "grower");
  expect(rebuilt).toEqual({ code: 0, stdout: whole, stderr: unread });
  const { stdout } = await knowledge("rebuild", "--source", "trees", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    agents: [{ agent_id: "grower", results: [{ source_id: "trees", status: "synced", passages: 1 }] }],
  });
});

test("a source that is gone fails the command, and what is unknown is named", async () => {
  expect(await knowledge("sync", "--source", "nothing")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Unknown source 'nothing'"),
  });
  expect(await knowledge("rebuild", "--agent", "nobody")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Agent 'nobody' not found"),
  });
  await rm(join(folder, "docs/plums.md"));
  const { code, stdout, stderr } = await knowledge("sync");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "✓ grower: trees (2 documents, 1 passages)\n" });
  expect(stderr).toMatch(/^✗ grower: docs\/plums\.md\n {2}.*ENOENT/);
});

test("a sync asks for a document elsewhere once", async () => {
  const headers = { "content-type": "text/plain" };
  const site = await startReceiver(() => ({ status: 200, headers, body: "Quinces are cooked.\n" }));
  const other = await world.formation("far", {
    "agents/reader.afs": `schema: "1.0.0"
id: reader
name: Reader
description: Knows quinces
knowledge: { sources: [{ id: quinces, url: "${site.url}" }] }
`,
  });
  const up = await world.run(["up", other, "--detach"]);
  expect(up.code, up.stderr).toBe(0);
  const first = await world.run(["knowledge", "sync", "--formation", "far"]);
  expect(first).toMatchObject({ code: 0, stdout: "✓ reader: quinces (1 documents, 1 passages)\n" });
  const before = site.received.length;
  await world.run(["knowledge", "sync", "--formation", "far"]);
  expect(site.received).toHaveLength(before + 1);
});
