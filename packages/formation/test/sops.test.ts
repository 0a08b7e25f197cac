import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSopReader, readSops } from "../src/index.ts";
import { folder } from "./folder.ts";

const sop = (body: string, more = ""): string => `---\ntype: sop\n${more}---\n${body}`;

test("a procedure has a name, a title, steps, and what its steps refer to", async () => {
  const content = `What to do when frost is forecast.

## Steps
1. Read the forecast [agent:grower] [mcp:weather/forecast]
   - of tonight
   - of [tomorrow](https://example.org) [Parallel]
2) Look into [file:rows/north.csv] and [file:rows/south.csv] [agent:grower] [parallel]

3. Write to the staff [AGENT:writer] [critical] [model:openai/small] [skill:letters/polite.py] [ ] done
   [mcp:mail]

## Notes
4. This is no step
`;
  const dir = await folder({
    "sops/frost-alarm.md": sop(content, "name: Frost alarm\nmode: guide\ntags: [frost, weather]\n"),
  });
  const step = {
    agent: undefined,
    model: undefined,
    tools: [],
    files: [],
    isParallel: false,
    isCritical: false,
  };
  expect(await readSops(dir)).toEqual([
    {
      name: "frost-alarm",
      title: "Frost alarm",
      description: undefined,
      mode: "guide",
      tags: ["frost", "weather"],
      model: undefined,
      mustBeApproved: false,
      synthesis: true,
      steps: [
        {
          ...step,
          title: "Read the forecast",
          text: "Read the forecast\n   - of tonight\n   - of [tomorrow](https://example.org)",
          agent: "grower",
          tools: ["weather/forecast"],
          isParallel: true,
        },
        {
          ...step,
          title: "Look into rows/north.csv and rows/south.csv",
          text: "Look into rows/north.csv and rows/south.csv",
          agent: "grower",
          files: ["rows/north.csv", "rows/south.csv"],
          isParallel: true,
        },
        {
          ...step,
          title: "Write to the staff [ ] done",
          text: "Write to the staff [ ] done",
          agent: "writer",
          model: "openai/small",
          tools: ["mail"],
          isCritical: true,
        },
      ],
      about: "What to do when frost is forecast.\n\n## Notes\n4. This is no step",
      agents: ["grower", "writer"],
      files: ["rows/north.csv", "rows/south.csv"],
      skills: ["letters/polite.py"],
      content,
      metadata: { type: "sop", name: "Frost alarm", mode: "guide", tags: ["frost", "weather"] },
      file: "sops/frost-alarm.md",
    },
  ]);
});

test.each([
  ["numbered items below the heading", "# Steps\n1. One\n2. Two\n", ["One", "Two"]],
  ["one of them alone", "# Procedure of the day\n1. One\n", ["One"]],
  ["a list whose numbers say nothing", "# Workflow\n1. One\n1. Two\n1. Three\n", ["One", "Two", "Three"]],
  ["a heading in capitals, and items further in", "### STEPS\n\n  1. One\n  2. Two\n", ["One", "Two"]],
  [
    "a list in a list",
    "# Steps\n1. One\n   1. inner\n   2. inner\n2. Two\n",
    ["One\n   1. inner\n   2. inner", "Two"],
  ],
  ["a file of Windows", "## Steps\r\n1. One\r\n   more\r\n2. Two\r\n", ["One\n   more", "Two"]],
  [
    "step headings",
    "## Step 1: One\nDo it.\n### How\nSo.\n## Step 2: Two\n## End\nBye",
    ["One\nDo it.\n### How\nSo.", "Two"],
  ],
  [
    "step headings below one for steps, with lists in them",
    "# Steps\n## Step 1: One\n1. a\n2. b\n## Step 2: Two\n",
    ["One\n1. a\n2. b", "Two"],
  ],
  ["numbered headings", "## 1. One\nDo it.\n## 2. Two\n", ["One\nDo it.", "Two"]],
  ["step headings without a colon", "# Step 1 One\n# Step 2\nTwo", ["One", "Two"]],
  ["numbered items before step headings", "## Steps\n1. One\n## Step 1: Other\n", ["One"]],
  [
    "numbers in code",
    "# Steps\n1. One\n```\n2. code\n# code\n```\n2. Two\n",
    ["One\n```\n2. code\n# code\n```", "Two"],
  ],
  ["no heading for steps", "Do this:\n1. One\n2. Two\n", ["One", "Two"]],
  ["no steps", "Just do it.\n- Not numbered\n", []],
])("steps: %s", async (_, body, steps) => {
  const [read] = await readSops(await folder({ "sops/a.md": sop(body) }));
  expect(read?.steps.map(({ text }) => text)).toEqual(steps);
});

test("what stands outside of the steps is for nobody, unless the text is a guide", async () => {
  const body = "## Steps\n1. Look\n## Notes\nAsk [agent:grower], see [file:limits.md]\n";
  const dir = await folder({ "sops/a.md": sop(body), "sops/b.md": sop(body, "mode: guide\n") });
  expect(await readSops(dir)).toMatchObject([
    { agents: [], files: [] },
    { agents: ["grower"], files: ["limits.md"] },
  ]);
});

test("a reader reads again what has changed, and gives the same when nothing has", async () => {
  const dir = await folder({ "sops/a.md": sop("1. One") });
  const read = createSopReader(dir);
  const first = await read();
  expect(await read()).toBe(first);
  await writeFile(join(dir, "sops/a.md"), sop("1. One\n2. Two"));
  await writeFile(join(dir, "sops/b.md"), sop("1. Other"));
  expect(await read()).toMatchObject([{ name: "a", steps: [{}, {}] }, { name: "b" }]);
  await rm(join(dir, "sops"), { recursive: true });
  expect(await read()).toEqual([]);
});

test("without a name in its frontmatter the file's name is the title", async () => {
  const [read] = await readSops(await folder({ "sops/deep/er/check-pumps.md": sop("Check them.") }));
  expect(read).toMatchObject({ name: "check-pumps", title: "check-pumps" });
});

test("only Markdown with `type: sop` counts, and what is broken is left out", async () => {
  const dir = await folder({
    "sops/b.md": sop("b"),
    "sops/a.md": sop("a"),
    "sops/sub/c.md": sop("c"),
    "sops/notes.md": "Just notes",
    "sops/other.md": "---\ntype: note\n---\nNo procedure",
    "sops/open.md": "---\ntype: sop\nNever closed",
    "sops/broken.md": "---\ntype: [sop\n---\nBroken",
    "sops/title.md": sop("Title of the wrong type", "name: 7\n"),
    "sops/limits.csv": sop("A resource"),
    "sop.md": sop("Outside of the folder"),
  });
  expect((await readSops(dir)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

test("of several with one name the first by path is kept", async () => {
  const dir = await folder({ "sops/a/same.md": sop("first"), "sops/b/same.md": sop("second") });
  expect(await readSops(dir)).toMatchObject([{ name: "same", content: "first" }]);
});

test("a formation without procedures has none, and a link out of the folder is not followed", async () => {
  const outside = await folder({ "secret.md": sop("Foreign") });
  const dir = await folder({ "formation.afs": "" });
  expect(await readSops(dir)).toEqual([]);
  await mkdir(join(dir, "sops"));
  await symlink(join(outside, "secret.md"), join(dir, "sops/secret.md"));
  await symlink("nowhere", join(dir, "sops/gone.md"));
  expect(await readSops(dir)).toEqual([]);
});

test("500 files are read at most", async () => {
  const files = Array.from({ length: 501 }, (_, index) => String(index).padStart(3, "0"));
  const dir = await folder(Object.fromEntries(files.map((name) => [`sops/${name}.md`, sop(name)])));
  const read = await readSops(dir);
  expect(read).toHaveLength(500);
  expect(read.at(-1)?.name).toBe("499");
});
