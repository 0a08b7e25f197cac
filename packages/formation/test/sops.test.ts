import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSops } from "../src/index.ts";
import { folder } from "./folder.ts";

const sop = (body: string, more = ""): string => `---\ntype: sop\n${more}---\n${body}`;

test("a procedure has a name, a title, steps, and what its steps refer to", async () => {
  const content = `What to do when frost is forecast.

## Steps
1. Read the forecast [agent:grower] [mcp:weather/forecast]
2) Look into [file:rows/north.csv] and [file:rows/south.csv] [agent:grower]
3. Write to the staff [agent:writer] [critical]

## Notes
4. This is no step
`;
  const dir = await folder({
    "sops/frost-alarm.md": sop(content, "name: Frost alarm\nmode: guide\ntags: [frost, weather]\n"),
  });
  expect(await readSops(dir)).toEqual([
    {
      name: "frost-alarm",
      title: "Frost alarm",
      steps: [
        "Read the forecast [agent:grower] [mcp:weather/forecast]",
        "Look into [file:rows/north.csv] and [file:rows/south.csv] [agent:grower]",
        "Write to the staff [agent:writer] [critical]",
      ],
      agents: ["grower", "writer"],
      files: ["rows/north.csv", "rows/south.csv"],
      content,
      metadata: { type: "sop", name: "Frost alarm", mode: "guide", tags: ["frost", "weather"] },
    },
  ]);
});

test.each([
  ["numbered items below the heading", "# Steps\n1. One\n2. Two\n", ["One", "Two"]],
  ["a heading in capitals, and items further in", "### STEPS\n\n  1. One\n  2. Two\n", ["One", "Two"]],
  ["a file of Windows", "## Steps\r\n1. One\r\n2. Two\r\n", ["One", "Two"]],
  ["step headings", "## Step 1: One\nDo it.\n## Step 2: Two\n", ["One", "Two"]],
  ["step headings without a colon", "# Step 1 One\n# Step 2\n", ["One", ""]],
  ["numbered items before step headings", "## Steps\n1. One\n## Step 1: Other\n", ["One"]],
  ["no steps", "Just do it.\n1. Not below a heading\n", []],
  ["another heading", "## Next steps\n1. One\n", []],
])("steps: %s", async (_, body, steps) => {
  const [read] = await readSops(await folder({ "sops/a.md": sop(body) }));
  expect(read?.steps).toEqual(steps);
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
