import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { documentExtensions } from "@muxi/documents";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { expect, test } from "vitest";
import { codeIn, rowsIn, sectionOf } from "../../../../test/spec-pages.ts";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import { openKnowledge, passagesOf } from "./knowledge.ts";

test("a document is cut at its headings, and each passage carries the one it stands under", () => {
  const document =
    "# Apples\n\nRussets keep.\n\nGalas do not.\n## Picking\nIn September.\n\n# Pears\n\nSoft.";
  expect(passagesOf(document, 1000)).toEqual([
    "Apples\nRussets keep.\nGalas do not.",
    "Picking\nIn September.",
    "Pears\nSoft.",
  ]);
});

test("a long paragraph is cut between its sentences, and what has no sentences at the limit", () => {
  const sentences = Array.from({ length: 20 }, (_, index) => `This is sentence number ${index}.`).join(" ");
  const passages = passagesOf(sentences, 100);
  expect(passages.length).toBeGreaterThan(5);
  for (const passage of passages) expect(passage).toMatch(/^This is .*\.$/);
  expect(passages.join(" ")).toBe(sentences);
  expect(passagesOf("x".repeat(250), 100).map(({ length }) => length)).toEqual([100, 100, 50]);
});

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
  expect(knowledge.search("one", "Where is the cellar key?", 1)).toMatchObject([
    { text: expect.stringContaining("The cellar key hangs behind the door."), source: "docs/guide.docx" },
  ]);
  expect(knowledge.search("one", "crates of Cox", 1)).toMatchObject([{ source: "docs/stock.xlsx" }]);
  expect(records.map((line) => JSON.parse(line))).toMatchObject([
    { agent: "one", source: "docs/broken.docx", code: "broken", reason: "it is damaged" },
    { source: "docs/deep.html", code: "broken", reason: "its elements are nested too deeply" },
  ]);
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

  expect(find("shallow", "cellar")).toEqual([
    { text: "The cellar is cold.", source: path.join("docs", "b.md") },
  ]);
  expect(find("deep", "deep cellar")[0]).toEqual({
    text: "The cellar is deep.",
    source: path.join("docs", "deep", "e.md"),
  });
  expect(find("deep", "treasure")).toEqual([]);
  expect(find("nobody", "cellar")).toEqual([]);
});
