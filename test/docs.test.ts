import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openFormation, openSecrets, templateNames } from "@muxi/formation";
import { expect, onTestFinished, test } from "vitest";

const page = path.join(import.meta.dirname, "../docs/formation.md");

test("the formation of docs/formation.md is valid and has the parts that it shows", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-docs-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const text = await readFile(page, "utf8");
  const files = [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)];
  for (const [, name = "", content = ""] of files) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  await mkdir(path.join(folder, "knowledge/apples"), { recursive: true });
  const secrets = await openSecrets(folder);
  for (const name of await templateNames(folder)) await secrets.set(name, `value of ${name}`);
  const formation = await openFormation(folder);
  expect(formation.agents.map(({ id }) => id)).toEqual(["grower", "orders"]);
  expect(files.map(([, name]) => name)).toContain("triggers/order-late.md");
});
