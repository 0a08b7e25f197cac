import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSkills } from "../src/index.ts";
import { folder } from "./folder.ts";

const skill = (fields: string): string => `---\n${fields}\n---\nHow to do it.\n`;

test("a skill has what its frontmatter says, and the other files of its folder as resources", async () => {
  const dir = await folder({
    "skills/losses/SKILL.md": skill(
      "name: other\ndescription: Computes losses\nlicense: MIT\ncompatibility: Needs Python\nallowed-tools: Read, Bash",
    ),
    "skills/losses/scripts/calc.py": "print(1)",
    "skills/losses/references/limits.md": "# Limits",
    "skills/losses/references/SKILL.md": "not a resource",
    "skills/unused/SKILL.md": skill("description: Not named"),
  });
  expect(await readSkills(dir, ["losses"])).toEqual([
    {
      name: "losses",
      description: "Computes losses",
      license: "MIT",
      compatibility: "Needs Python",
      allowedTools: ["Read", "Bash"],
      resources: ["references/limits.md", "scripts/calc.py"],
    },
  ]);
});

test.each([
  ["a text", "allowed-tools: Read Write", ["Read", "Write"]],
  ["a list", "allowed-tools: [Read, Write]", ["Read", "Write"]],
  ["the name with an underscore", "allowed_tools: [Read]", ["Read"]],
  ["both names", "allowed-tools: [Read]\nallowed_tools: [Write]", ["Read"]],
  ["nothing", "license: MIT", undefined],
])("the tools of a skill as %s", async (_, fields, tools) => {
  const dir = await folder({ "skills/a/SKILL.md": skill(fields) });
  expect(await readSkills(dir, ["a"])).toMatchObject([{ allowedTools: tools, description: "" }]);
});

test("skills come in the order of their names, each once", async () => {
  const dir = await folder({
    "skills/a/SKILL.md": skill("license: a"),
    "skills/b/SKILL.md": "No frontmatter",
  });
  const names = (await readSkills(dir, ["b", "a", "b"])).map(({ name }) => name);
  expect(names).toEqual(["b", "a"]);
});

test("a skill that cannot be read is left out", async () => {
  const dir = await folder({
    "skills/broken/SKILL.md": "---\nname: [\n---\n",
    "skills/wrong/SKILL.md": skill("description: [a, list]"),
    "skills/empty/readme.md": "No SKILL.md",
    "skills/SKILL.md": skill("description: In the folder itself"),
    "agents/SKILL.md": skill("description: In another folder"),
  });
  const names = ["broken", "wrong", "empty", "missing", "", ".", "..", "../agents", "a/b"];
  expect(await readSkills(dir, names)).toEqual([]);
});

test("links out of the formation are neither skills nor resources", async () => {
  const outside = await folder({ "foreign/SKILL.md": skill("description: Foreign"), "data.csv": "1" });
  const dir = await folder({ "skills/own/SKILL.md": skill("description: Own") });
  await symlink(join(outside, "foreign"), join(dir, "skills/foreign"));
  await symlink(join(outside, "data.csv"), join(dir, "skills/own/data.csv"));
  await mkdir(join(dir, "skills/own/empty"));
  expect(await readSkills(dir, ["foreign", "own"])).toMatchObject([{ name: "own", resources: [] }]);
});

test("500 resources are listed at most", async () => {
  const files = Array.from({ length: 501 }, (_, index) => [`skills/a/${String(index).padStart(3, "0")}`, ""]);
  const dir = await folder({ "skills/a/SKILL.md": skill("license: MIT"), ...Object.fromEntries(files) });
  const [read] = await readSkills(dir, ["a"]);
  expect(read?.resources).toHaveLength(500);
});
