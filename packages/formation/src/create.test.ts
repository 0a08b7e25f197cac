import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { brief, folder, manifest } from "../test/folder.ts";
import { type CreateOptions, createFormation } from "./create.ts";
import { loadFormation } from "./load.ts";
import { textModelFor } from "./models.ts";
import { openSecrets } from "./secrets/index.ts";

const create = async (options: Omit<CreateOptions, "dir">) => {
  const parent = await folder({});
  return createFormation({ dir: join(parent, "new-bot"), ...options });
};

test("a new formation loads without errors or warnings and has an agent that knows something", async () => {
  const { dir, id } = await create({ name: "My First_Bot", description: 'Says "hello": to #1' });
  expect(id).toBe("my-first-bot");
  const { formation, report } = await loadFormation(dir);
  expect({ errors: report.errors, warnings: report.warnings }).toEqual({ errors: [], warnings: [] });
  expect(formation).toMatchObject({
    id,
    description: 'Says "hello": to #1',
    version: "1.0.0",
    agents: [{ id: "assistant", knowledge: { sources: [{ path: "knowledge" }] } }],
  });
  expect(formation && textModelFor(formation, undefined, {})).toBeUndefined();
});

test("it has the component folders, a key of its own and a .gitignore that keeps private files out", async () => {
  const { dir, files } = await create({ name: "bot" });
  expect(files).toEqual([
    ".gitignore",
    ".key",
    ".muxi",
    "README.md",
    "a2a/.gitkeep",
    "agents/assistant.afs",
    "formation.afs",
    "knowledge/about.md",
    "mcp/.gitkeep",
    "secrets",
    "sops/.gitkeep",
    "triggers/.gitkeep",
  ]);
  for (const file of files) await stat(join(dir, file));
  expect((await readFile(join(dir, ".key"), "utf8")).trim()).toHaveLength(44);
  expect((await stat(join(dir, ".key"))).mode & 0o777).toBe(0o600);
  const ignored = (await readFile(join(dir, ".gitignore"), "utf8")).split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".key", ".keys.json", ".muxi", "memory.db*"]));
});

test("with a model it names the secret that is needed, and loads once that is set", async () => {
  const { dir } = await create({ name: "bot", model: "openai/gpt-4o-mini" });
  expect(await readFile(join(dir, "secrets"), "utf8")).toBe("OPENAI_API_KEY=\n");
  expect(brief((await loadFormation(dir)).report.errors)).toEqual([
    "formation.afs → llm.api_keys.openai: refers to the secret OPENAI_API_KEY, which is not set",
  ]);
  await (await openSecrets(dir)).set("OPENAI_API_KEY", "sk-1");
  const { formation } = await loadFormation(dir);
  expect(formation && textModelFor(formation, undefined, {})).toMatchObject({
    id: "openai/gpt-4o-mini",
    apiKey: "sk-1",
  });
});

test("a model on the user's own machine needs no secret", async () => {
  const { dir } = await create({ name: "bot", model: "ollama/llama3" });
  expect((await loadFormation(dir)).report.errors).toEqual([]);
});

test.each([
  ["ab", "3 to 50"],
  ["1st", "begins with a letter"],
  ["bot-", "end with a hyphen"],
  ["../up", "cannot be used as a name"],
  ["x".repeat(51), "3 to 50"],
  ["admin", "reserved for a path of the server"],
])("the name %j is refused", async (name, message) => {
  await expect(create({ name })).rejects.toThrow(message);
});

test("what cannot be made leaves nothing behind", async () => {
  const dir = await folder({ "formation.afs": manifest(), "taken/file": "kept" });
  await expect(createFormation({ dir: join(dir, "inner"), name: "inner" })).rejects.toThrow(
    "cannot hold another",
  );
  await expect(stat(join(dir, "inner"))).rejects.toThrow("ENOENT");

  const parent = await folder({ "taken/file": "kept" });
  await expect(createFormation({ dir: join(parent, "taken"), name: "taken" })).rejects.toThrow(
    "already exists",
  );
  expect(await readFile(join(parent, "taken/file"), "utf8")).toBe("kept");

  await expect(createFormation({ dir: join(parent, "x"), name: "bot", model: "gpt" })).rejects.toThrow(
    "write provider/name",
  );
  await expect(stat(join(parent, "x"))).rejects.toThrow("ENOENT");
});
