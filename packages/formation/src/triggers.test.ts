import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadFormation } from "./load.ts";
import { readTrigger, triggerNames } from "./triggers.ts";

const write = async (files: Record<string, string>): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "muxi-triggers-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "triggers"));
  const manifest = 'schema: "1.0.0"\nid: orchard\ndescription: An orchard\n';
  for (const [name, text] of Object.entries({ "formation.afs": manifest, ...files })) {
    await writeFile(join(dir, name), text);
  }
  return dir;
};

test("a trigger is its text, with what its frontmatter says", async () => {
  const dir = await write({
    "triggers/a.md":
      "---\nmodel: openai/gpt-4o-mini\nwebhook: https://ops.example/hook\n---\nHello ${{ data.x }}\n",
  });
  expect(await readTrigger(dir, "a", {})).toEqual({
    name: "a",
    content: "Hello ${{ data.x }}",
    model: "openai/gpt-4o-mini",
    webhook: "https://ops.example/hook",
  });
});

test("what is outside of the folder is no trigger", async () => {
  const dir = await write({});
  const outside = await write({ "secret.md": "Secret" });
  await symlink(join(outside, "secret.md"), join(dir, "triggers/linked.md"));
  expect(await readTrigger(dir, "linked", {})).toBeUndefined();
  expect(await readTrigger(dir, "../formation", {})).toBeUndefined();
  expect(await triggerNames(join(dir, "nowhere"))).toEqual([]);
});

test("the model of a trigger is provider/name or an alias", async () => {
  const dir = await write({ "triggers/a.md": "---\nmodel: clever\n---\nHello" });
  expect(await readTrigger(dir, "a", { clever: "openai/gpt-4o" })).toMatchObject({ model: "clever" });
  expect(await readTrigger(dir, "a", { other: "openai/gpt-4o" })).toEqual({
    problem: "model of its frontmatter 'clever' is neither provider/name nor an alias of llm.aliases",
  });
});

test("wrong ones are warnings of the load", async () => {
  const dir = await write({
    "triggers/key.md": "---\ncolour: red\n---\nHello",
    "triggers/yaml.md": "---\nname: [\n---\nHello",
    "triggers/model.md": "---\nmodel: clever\n---\nHello",
    "triggers/good.md": "Hello",
  });
  const { formation, report } = await loadFormation(dir);
  expect(formation).toBeDefined();
  expect(report.warnings.map(({ file }) => file)).toEqual([
    "triggers/key.md",
    "triggers/model.md",
    "triggers/yaml.md",
  ]);
});
