import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  componentKinds,
  createComponent,
  createFormation,
  editTemplate,
  findSecretReferences,
  loadFormation,
  setManifestVersion,
} from "../src/index.ts";
import { agent, brief, folder, manifest, ref, server } from "./folder.ts";

const textOf = (dir: string, file = "formation.afs"): Promise<string> => readFile(join(dir, file), "utf8");

test.each([
  [
    "in quotes, with a comment",
    'id: a\nversion: "1.0.0" # keep\nb: 1\n',
    'id: a\nversion: "2.0.0" # keep\nb: 1\n',
  ],
  ["plain", "version: 1.0.0\nid: a\n", 'version: "2.0.0"\nid: a\n'],
  ["empty", "id: a\nversion:\nb: 1\n", 'id: a\nversion: "2.0.0"\nb: 1\n'],
  ["missing, with an id", "schema: x\nid: a # me\nb: 1\n", 'schema: x\nid: a # me\nversion: "2.0.0"\nb: 1\n'],
  ["missing, with a schema", "schema: x", 'schema: x\nversion: "2.0.0"\n'],
  ["of another mapping", "id: a\nb:\n  version: 1\n", 'id: a\nversion: "2.0.0"\nb:\n  version: 1\n'],
  [
    "there twice, the last of which counts",
    "version: 1.0.0\nid: a\nversion: 1.1.0\n",
    'version: 1.0.0\nid: a\nversion: "2.0.0"\n',
  ],
  ["in a file of Windows", "id: a\r\nb: 1\r\n", 'id: a\r\nversion: "2.0.0"\r\nb: 1\r\n'],
])("sets a version that is %s and nothing else", async (_, before, after) => {
  const dir = await folder({ "formation.afs": before });
  await setManifestVersion(dir, "2.0.0");
  expect(await textOf(dir)).toBe(after);
});

test("every kind of component can be made, and the formation stays valid", async () => {
  const dir = join(await folder({}), "maker");
  await createFormation({ dir, name: "maker" });
  for (const kind of componentKinds) await createComponent(dir, kind, `My ${kind}`);
  const { formation, report } = await loadFormation(dir);
  expect(report.errors).toEqual([]);
  expect(brief(report.warnings)).toEqual(["a2a/my-a2a.afs: has no effect"]);
  expect(formation?.agents.map(({ id }) => id)).toEqual(["assistant", "my-agent"]);
  expect(formation?.mcpServers.map(({ id }) => id)).toEqual(["my-mcp"]);
  expect(await textOf(dir, "sops/my-sop.md")).toContain("type: sop");
  expect(await textOf(dir, "triggers/my-trigger.md")).toContain("data.message");
  await expect(createComponent(dir, "agent", "My agent")).rejects.toThrow(
    "agents/my-agent.afs already exists",
  );
});

test.each([
  ["agents:\n  - one # first\n\n# more\n", "agents:\n  - one # first\n  - two\n\n# more\n"],
  [
    "agents:\n- id: one\n  name: One\n  description: x\n",
    "agents:\n- id: one\n  name: One\n  description: x\n- two\n",
  ],
  ["agents: [one]\n", "agents: [one, two]\n"],
  ["agents: []\n", "agents: []\n"],
  ["", ""],
])("a new agent joins %j", async (before, after) => {
  const dir = await folder({ "formation.afs": manifest(before), "agents/one.afs": agent("one") });
  await createComponent(dir, "agent", "two");
  expect(await textOf(dir)).toBe(manifest(after));
  expect((await loadFormation(dir)).formation?.agents.map(({ id }) => id)).toContain("two");
});

test("a new MCP server goes where the others are", async () => {
  const dir = await folder({ "formation.afs": manifest(), "mcps/one.afs": server("one") });
  expect(await createComponent(dir, "mcp", "two")).toEqual({ id: "two", file: "mcps/two.afs" });
});

test("references to secrets are found in every file that may hold them, and not in comments", async () => {
  const dir = await folder({
    "formation.afs": manifest(`# ${ref("secrets.OLD")}\nname: "${ref(" secrets.api-key ")}"\n`),
    "agents/a.afs": agent("a", `url: "${ref("secrets.API_KEY")}${ref("secrets.B")}"\n`),
    "sops/deep/c.md": `# ${ref("secrets.C")}\n`,
    "knowledge/d.md": ref("secrets.D"),
    "mcp/e.json": ref("secrets.E"),
  });
  expect(await findSecretReferences(dir)).toEqual([
    { name: "API_KEY", files: ["formation.afs", "agents/a.afs"] },
    { name: "B", files: ["agents/a.afs"] },
    { name: "C", files: ["sops/deep/c.md"] },
  ]);
  await editTemplate(dir, { add: ["B", "C"] });
  await editTemplate(dir, { add: ["C", "D"], remove: ["B"] });
  expect(await textOf(dir, "secrets")).toBe("C=\nD=\n");
});
