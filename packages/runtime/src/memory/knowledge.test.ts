import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { documentExtensions } from "@muxi/documents";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { expect, test } from "vitest";
import { codeIn, rowsIn, sectionOf } from "../../../../test/spec-pages.ts";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import { openKnowledge, placeOf } from "./knowledge.ts";

const documents = path.join(import.meta.dirname, "../../../documents/test/fixtures");

test("documents of different formats are found, and those that cannot be read are named with the reason", async () => {
  const dir = temporaryFolder();
  await cp(path.join(documents, "guide.docx"), path.join(dir, "docs", "guide.docx"));
  await cp(path.join(documents, "stock.xlsx"), path.join(dir, "docs", "stock.xlsx"));
  await writeFile(path.join(dir, "docs", "broken.docx"), "PK and nothing more");
  await writeFile(path.join(dir, "docs", "deep.html"), "<div>".repeat(10_000));
  await writeFile(
    path.join(dir, "formation.afs"),
    `schema: "1.0.0"
id: cellar
description: Knows the cellar
agents: [{ id: one, name: O, description: D, knowledge: { sources: [{ path: docs }] } }]
`,
  );
  const { formation } = await loadFormation(dir);
  const records: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => records.push(line) });
  const knowledge = openKnowledge({ dir, agents: formation?.agents ?? [], log });
  await knowledge.ready;
  expect(await knowledge.search("one", "Where is the cellar key?", 1)).toMatchObject([
    { text: expect.stringContaining("The cellar key hangs behind the door."), source: "docs/guide.docx" },
  ]);
  const [stock] = await knowledge.search("one", "crates of Cox", 1);
  expect(stock && placeOf(stock)).toBe("docs/stock.xlsx, sheet Stock");
  // In the heading two levels above it.
  expect(await knowledge.search("one", "handbook prices", 1)).toMatchObject([
    { headings: ["Orchard handbook", "Prices"] },
  ]);
  expect(records.map((line) => JSON.parse(line))).toMatchObject([
    { agent: "one", source: "docs/broken.docx", code: "broken", reason: "it is damaged" },
    { source: "docs/deep.html", code: "broken", reason: "its elements are nested too deeply" },
  ]);
});

test("a search right after the start waits for the documents", async () => {
  const dir = temporaryFolder();
  await writeFile(path.join(dir, "a.md"), "The key hangs behind the door.");
  await writeFile(
    path.join(dir, "formation.afs"),
    `schema: "1.0.0"
id: cellar
description: Knows the cellar
agents: [{ id: one, name: O, description: D, knowledge: { sources: [{ path: a.md }] } }]
`,
  );
  const { formation } = await loadFormation(dir);
  const knowledge = openKnowledge({ dir, agents: formation?.agents ?? [], log: pino({ level: "silent" }) });
  expect(await knowledge.search("one", "Where is the key?", 1)).toHaveLength(1);
});

test("the formats of documents are those of the specification", () => {
  const section = sectionOf("formation-files.md", "Knowledge");
  const extensions = rowsIn(section).flatMap(([, second = ""]) =>
    codeIn(second).filter((code) => code.startsWith(".")),
  );
  expect(extensions.sort()).toEqual([...documentExtensions, ".tar.gz"].sort());
});

test("an agent's sources are read within their limits, and never from outside the formation", async () => {
  const parent = temporaryFolder();
  const dir = path.join(parent, "formation");
  await mkdir(path.join(dir, "docs", "deep"), { recursive: true });
  await writeFile(path.join(parent, "outside.md"), "The outside treasure is gold.");
  await symlink(path.join(parent, "outside.md"), path.join(dir, "docs", "a-link.md"));
  await writeFile(path.join(dir, "docs", "b.md"), "The cellar is cold.");
  await writeFile(path.join(dir, "docs", "c.bin"), "The cellar is binary.");
  await writeFile(path.join(dir, "docs", "d.md"), `The cellar is large. ${"x".repeat(2000)}`);
  await writeFile(path.join(dir, "docs", "deep", "e.md"), "The cellar is deep.");
  await writeFile(
    path.join(dir, "formation.afs"),
    `schema: "1.0.0"
id: cellar
description: Knows the cellar
agents:
  - { id: shallow, name: S, description: D, knowledge: { max_file_size: 1000, sources: [{ path: docs }] } }
  - { id: deep, name: D, description: D, knowledge: { sources: [{ path: docs, recursive: true }, { path: missing }] } }
`,
  );
  const { formation, report } = await loadFormation(dir);
  expect(report.errors).toEqual([]);
  const knowledge = openKnowledge({ dir, agents: formation?.agents ?? [], log: pino({ level: "silent" }) });
  await knowledge.ready;
  const find = (agentId: string, text: string) => knowledge.search(agentId, text, 5);

  expect(await find("shallow", "cellar")).toMatchObject([
    { text: "The cellar is cold.", source: "docs/b.md" },
  ]);
  const [best] = await find("deep", "deep cellar");
  expect(best).toMatchObject({ text: "The cellar is deep.", source: "docs/deep/e.md" });
  expect(await find("deep", "treasure")).toEqual([]);
  expect(await find("nobody", "cellar")).toEqual([]);
});
