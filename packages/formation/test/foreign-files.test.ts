import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { list } from "tar";
import { expect, test } from "vitest";
import {
  findSecretReferences,
  loadFormation,
  packFormation,
  readSkills,
  readSops,
  readTrigger,
  setManifestVersion,
  summarizeManifest,
} from "../src/index.ts";
import { agent, brief, folder, manifest, ref, reportOf } from "./folder.ts";

const bigEndian = (text: string) => Buffer.from(text, "utf16le").swap16();
const mark = "\uFEFF";

const encodings: [string, (text: string) => Buffer][] = [
  ["UTF-8", (text) => Buffer.from(text)],
  ["UTF-8 with a byte order mark", (text) => Buffer.from(mark + text)],
  ["UTF-16, little endian", (text) => Buffer.from(mark + text, "utf16le")],
  ["UTF-16, big endian", (text) => bigEndian(mark + text)],
  ["UTF-16 without a mark", (text) => Buffer.from(text, "utf16le")],
  ["UTF-16, big endian, without a mark", bigEndian],
  ["Latin-1", (text) => Buffer.from(text, "latin1")],
  ["UTF-8 with CRLF", (text) => Buffer.from(text.replaceAll("\n", "\r\n"))],
];

test.each(encodings)("every file of a formation may be %s", async (_, encode) => {
  const dir = await folder({
    "agents/.keep": "",
    "triggers/.keep": "",
    "sops/.keep": "",
    "skills/s/.keep": "",
  });
  const write = (file: string, text: string) => writeFile(join(dir, file), encode(text));
  await write("formation.afs", manifest("name: Café née\n"));
  await write("agents/a.afs", agent("a", "system_message: Très bien\n"));
  await write("SOUL.md", "Parle en français.\n");
  await write("triggers/late.md", `---\nname: late\n---\nCommande ${ref("data.id")} à l'heure\n`);
  await write("sops/frost.md", "---\ntype: sop\nname: Gelée\n---\n## Steps\n1. Regarde\n2. Protège\n");
  await write("skills/s/SKILL.md", "---\ndescription: Épelle\n---\nbody\n");

  const { formation, report } = await loadFormation(dir);
  expect(report.errors).toEqual([]);
  expect(formation?.name).toMatch(/^Café née/);
  expect(formation?.soul).toBe("Parle en français.");
  expect(formation?.agents[0]?.system_message).toBe("Très bien");
  expect(await readTrigger(dir, "late", {})).toMatchObject({
    content: `Commande ${ref("data.id")} à l'heure`,
  });
  expect(await readSops(dir)).toMatchObject([
    { title: "Gelée", steps: [{ text: "Regarde" }, { text: "Protège" }] },
  ]);
  expect(await readSkills(dir, ["s"])).toMatchObject([{ description: "Épelle", resources: [] }]);

  await setManifestVersion(dir, "2.0.0");
  expect(await summarizeManifest(dir)).toEqual({ id: "my-bot", version: "2.0.0", warnings: [] });
});

test("the characters that Windows-1252 has beyond Latin-1 are read as what they are", async () => {
  const dir = await folder({});
  const text = Buffer.from(manifest("name: 5 E per kilo\n"));
  text[text.indexOf(" E ") + 1] = 0x80;
  await writeFile(join(dir, "formation.afs"), text);
  expect((await loadFormation(dir)).formation?.name).toBe("5 € per kilo");
});

test("files that systems leave behind are no part of a formation", async () => {
  const binary = "\0\u0005\u0016\u0007 quarantine";
  const dir = await folder({
    "formation.afs": manifest(),
    "agents/a.afs": agent("a"),
    "agents/._a.afs": binary,
    "agents/.hidden.afs": binary,
    "sops/.DS_Store": binary,
    "sops/._frost.md": "---\ntype: sop\n---\n",
    "sops/.drafts/x.md": "---\ntype: sop\n---\n",
    "sops/frost.md": "---\ntype: sop\n---\n1. Look\n",
    "triggers/._late.md": ref("secrets.GHOST"),
    "skills/s/SKILL.md": "---\ndescription: d\n---\n",
    "skills/s/.DS_Store": binary,
    "skills/s/._a.txt": binary,
    "skills/s/a.txt": "a",
    "docs/Thumbs.db": binary,
    "docs/desktop.ini": binary,
    "docs/.well-known": "kept",
  });
  const { formation, report } = await loadFormation(dir);
  expect(report.warnings).toEqual([]);
  expect(formation?.agents.map(({ id }) => id)).toEqual(["a"]);
  expect((await readSops(dir)).map(({ name }) => name)).toEqual(["frost"]);
  expect((await readSkills(dir, ["s"]))[0]?.resources).toEqual(["a.txt"]);
  expect(await findSecretReferences(dir)).toEqual([]);

  const target = join(await folder({}), "bundle.tar.gz");
  await packFormation(dir, { target });
  const packed: string[] = [];
  await list({ file: target, onReadEntry: (entry) => packed.push(entry.path) });
  expect(packed.filter((path) => /\._|DS_Store|Thumbs|desktop/.test(path))).toEqual([]);
  expect(packed).toContain("my-bot/docs/.well-known");
});

const withDocs = (fields: string, docs: Record<string, string | Buffer>) => ({
  "formation.afs": manifest("agents: [a]"),
  "agents/a.afs": agent("a", `knowledge: { sources: [{ path: docs, description: d${fields} }] }`),
  ...docs,
});
const numbered = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`docs/f${100 + index}.md`, `Fact ${index}\n`]),
  );

test("what file_limit leaves out of a folder is named; hidden files do not count", async () => {
  const { warnings } = await reportOf(
    withDocs(", file_limit: 5", { ...numbered(7), "docs/._f100.md": "x", "docs/.DS_Store": "x" }),
  );
  expect(warnings).toEqual([
    {
      file: "agents/a.afs",
      path: "knowledge.sources[0].path",
      line: 5,
      message:
        "2 file(s) are left out, because file_limit (5) lets only the first 5 be read: docs/f105.md, docs/f106.md",
      hint: "Raise file_limit of this source",
    },
  ]);
});

test("files beyond the limit are not looked at, however many there are", async () => {
  const { warnings } = await reportOf(withDocs(", file_limit: 1", { ...numbered(20), "docs/z.pdf": "none" }));
  expect(brief(warnings)).toEqual([
    expect.stringMatching(
      /20 file\(s\) are left out, because file_limit \(1\) lets only the first 1 be read: docs\/f101/,
    ),
  ]);
});

test("fifty documents of a folder are read unless it says otherwise", async () => {
  expect((await reportOf(withDocs("", numbered(50)))).warnings).toEqual([]);
  expect((await reportOf(withDocs("", numbered(51)))).warnings).toHaveLength(1);
});

test("documents that are not read for another reason are named too, and take no place of one that is", async () => {
  const { warnings } = await reportOf(
    withDocs(", file_limit: 1", {
      "docs/a.pdf": "x",
      "docs/b.md": "x",
      "docs/c.wxyz": "x",
      "docs/d.vsd": "x",
    }),
  );
  expect(brief(warnings)).toEqual([
    "agents/a.afs → knowledge.sources[0].path: 2 file(s) are not read, because documents of their type are not: docs/c.wxyz, docs/d.vsd",
    "agents/a.afs → knowledge.sources[0].path: 1 file(s) are not read, because their content is not of the format that their names say: docs/a.pdf",
  ]);
});

test("a document of Office that needs a password is said to", async () => {
  const { warnings } = await reportOf(
    withDocs("", { "docs/a.docx": Buffer.from("d0cf11e0a1b11ae1", "hex"), "docs/b.md": "x" }),
  );
  expect(brief(warnings)).toEqual([
    "agents/a.afs → knowledge.sources[0].path: 1 file(s) are not read, because they are protected by a password: docs/a.docx",
  ]);
});

test("a source elsewhere has its own fields, which a folder's has not", async () => {
  const sources = [
    "{ url: 'https://example.com/x.md', description: d, schedule: '@hourly', timeout: 5 }",
    "{ path: docs, description: d, schedule: '@hourly', timeout: 5 }",
  ];
  const { warnings } = await reportOf({
    "formation.afs": manifest("agents: [a]\nscheduler: { enabled: false }"),
    "agents/a.afs": agent("a", `knowledge: { sources: [${sources.join(", ")}] }`),
    "docs/a.md": "# A",
  });
  const at = "agents/a.afs → knowledge.sources";
  expect(brief(warnings)).toEqual([
    `${at}[0].schedule: has no effect without the scheduler: the source is read at the start only`,
    `${at}[1].timeout: has no effect: only sources with a url have it`,
    `${at}[1].schedule: has no effect: only sources with a url have it`,
  ]);
});
