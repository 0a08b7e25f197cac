import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { expect, test } from "vitest";
import { codeIn, sectionOf } from "../../../../test/spec-pages.ts";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import { documentReaders, openKnowledge, passagesOf } from "./knowledge.ts";

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

/** A document of each format; all say where the key is. */
const documents: Readonly<Record<keyof typeof documentReaders, string>> = {
  ".md": "# Cellar\n\nThe key hangs behind the door.",
  ".markdown": "# Cellar\n\nThe key hangs behind the door.",
  ".txt": "The key hangs behind the door.",
};

test.each(Object.entries(documents))(
  "a document with the extension %s is read",
  async (extension, document) => {
    const dir = temporaryFolder();
    await writeFile(path.join(dir, `cellar${extension}`), document);
    await writeFile(
      path.join(dir, "formation.afs"),
      `schema: "1.0.0"
id: cellar
description: Knows the cellar
agents: [{ id: one, name: O, description: D, knowledge: { sources: [{ path: "cellar${extension}" }] } }]
`,
    );
    const { formation } = await loadFormation(dir);
    const knowledge = openKnowledge({ dir, agents: formation?.agents ?? [], log: pino({ level: "silent" }) });
    await knowledge.ready;
    expect(knowledge.search("one", "the key", 1)).toMatchObject([
      { text: expect.stringContaining("The key hangs behind the door."), source: `cellar${extension}` },
    ]);
  },
);

test("the formats of documents are those of the specification", () => {
  const section = sectionOf("formation-files.md", "Knowledge");
  const [, sentence = ""] = /Documents are read[^:]*:((?:[^.]|\.(?!\s))*)\.\s/.exec(section) ?? [];
  expect(codeIn(sentence).sort()).toEqual(Object.keys(documentReaders).sort());
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
