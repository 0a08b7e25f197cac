import { expect, test } from "vitest";
import { loadFormation } from "../src/index.ts";
import { folder } from "./folder.ts";
import {
  atEnd,
  expectFinding,
  inAgent,
  inManifest,
  inSop,
  inStock,
  inTrigger,
  type Mistake,
  newFile,
  orchardWith,
} from "./orchard.ts";

/** What is wrong with files: their names, their YAML, what they lack. */
const mistakes: readonly Mistake[] = [
  // Files
  [
    "a missing script",
    inStock("tools/stock.mjs", "tools/stok.mjs"),
    "mcp/stock.afs:6 → args[0]",
    "tools/stok.mjs does not exist",
    "relative to the formation folder",
  ],
  [
    "a missing program",
    inStock("command: node", "command: ./tools/stock"),
    "mcp/stock.afs:5 → command",
    "./tools/stock does not exist",
  ],
  [
    "knowledge that is not there",
    inAgent("path: knowledge", "path: docs"),
    "agents/grower.afs:13 → knowledge.sources[0].path",
    "docs does not exist",
    "Correct the path",
  ],
  [
    "a document of another kind",
    newFile("knowledge/plan.xyz"),
    "agents/grower.afs:13 → knowledge.sources[0].path",
    "not read",
    "plan.xyz",
  ],
  [
    "packages of a tool",
    newFile("tools/node_modules/left-pad/index.js"),
    "tools/node_modules",
    "left out of a bundle",
    "move package.json",
  ],
  [
    "packages that are not packed",
    newFile("node_modules/left-pad/index.js"),
    "node_modules",
    "left out of a bundle",
    "formations.install_packages",
  ],
  [
    "an agent that nothing names",
    newFile("agents/picker.afs", 'schema: "1.0.0"\nname: P\ndescription: d\n'),
    "agents/picker.afs",
    "not loaded",
    "Add picker to it",
  ],
  ["an agent in a folder with another name", newFile("agent/picker.afs"), "agent", "Did you mean agents?"],
  [
    "an agent as Markdown",
    newFile("agents/picker.md"),
    "agents/picker.md",
    "is not read",
    ".afs, .yaml, .yml",
  ],
  [
    "a service of A2A",
    newFile("a2a/pickers.afs"),
    "a2a/pickers.afs",
    "has no effect",
    "Agents can ask only agents of this formation",
  ],
  [
    "a trigger with a blank in its name",
    newFile("triggers/late frost.md"),
    "triggers/late frost.md",
    "because of its name",
    "Name it with letters",
  ],
  [
    "a procedure without its type",
    inSop("type: sop", "typ: sop"),
    "sops/frost.md:2 → type",
    "Did you mean type by typ?",
  ],
  [
    "a procedure without frontmatter",
    newFile("sops/hail.md", "## Steps\n1. Look\n"),
    "sops/hail.md",
    "not a procedure",
    "type: sop",
  ],
  [
    "a procedure with an unknown agent",
    inSop("agent:grower", "agent:picker"),
    "sops/frost.md",
    "names the agent picker",
    "Available: grower",
  ],
  [
    "a procedure with a missing file",
    inSop("file:staff.txt", "file:team.txt"),
    "sops/frost.md",
    "names the file team.txt",
    "Give its path",
  ],
  [
    "a procedure that names a skill",
    inSop("[agent:grower]", "[agent:grower] [skill:weather/forecast.py]"),
    "sops/frost.md",
    "names the skill weather/forecast.py, which has no effect",
    "give the agent a tool",
  ],
  [
    "an agent that does not exist",
    inManifest("agents: [grower]", "agents: [growr]"),
    "formation.afs:28 → agents[0]",
    "Available: grower",
  ],
  [
    "a program with its arguments",
    inStock("command: node", "command: node --quiet"),
    "mcp/stock.afs:5 → command",
    "Write what comes after it into args",
  ],
  [
    "frontmatter that never ends",
    newFile("triggers/late.md", "---\nmodel: openai/x\nIt is late.\n"),
    "triggers/late.md:1",
    "Add the line ---",
  ],
  [
    "an empty trigger",
    newFile("triggers/late.md", ""),
    "triggers/late.md",
    "has no text, so it cannot be fired",
  ],
  [
    "a second manifest",
    newFile("formation.yaml", "id: other\n"),
    "formation.yaml",
    "because there is formation.afs",
  ],
  ["a soul with another name", newFile("soul.txt"), "soul.txt", "Name it SOUL.md"],
  [
    "a value in the list of secrets",
    newFile("secrets", "# Needed\nOPENAI_API_KEY=sk-open\n"),
    "secrets:2",
    "Run: muxi secrets set OPENAI_API_KEY",
  ],
  [
    "a skill that is not there",
    inAgent("specialties:", "skills: [losess]\nspecialties:"),
    "agents/grower.afs:6 → skills[0]",
    "Available: losses",
  ],
  // YAML
  [
    "a missing colon",
    inManifest("description: Answers", "description Answers"),
    "formation.afs:3",
    "line 3, column 1: a field without a colon",
    'Write it as "name: value"',
  ],
  [
    "a missing colon of a section",
    inManifest("overlord:\n", "overlord\n"),
    "formation.afs:15",
    "line 15, column 1: a field without a colon",
  ],
  [
    "a missing colon in an agent",
    inAgent("name: Grower", "name Grower"),
    "agents/grower.afs:3",
    "a field without a colon",
  ],
  [
    "a key that is there twice",
    atEnd("version: 2.0.0"),
    "formation.afs:29",
    "version",
    "line 4 and on line 29",
    "Remove one of them",
  ],
  [
    "a key of frontmatter that is there twice",
    inSop("name: Frost alarm", "name: Frost\nname: Frost alarm"),
    "sops/frost.md:4",
    "name",
    "line 3 and on line 4",
  ],
  [
    "a colon in a text",
    inManifest("description: Answers", "description: Note: answers"),
    "formation.afs:3",
    "Put a value that contains a colon",
  ],
  ["a tab", inManifest("  soul", "\tsoul"), "formation.afs:16", "Indent with blanks"],
  [
    "an open quote",
    inManifest("id: orchard", 'id: "orchard'),
    "formation.afs:2",
    "a quote that is not closed",
  ],
  [
    "an open bracket",
    inAgent("[apples, pruning]", "[apples, pruning"),
    "agents/grower.afs:7",
    "Add the missing ] or }",
  ],
  [
    "a text that begins with @",
    inAgent("name: Grower", "name: @grower"),
    "agents/grower.afs:3",
    "Put the value in quotes",
  ],
  [
    "a merge of something that is no mapping",
    inManifest('schema: "1.0.0"', 'schema: "1.0.0"\n<<: [orchard]'),
    "formation.afs",
    "<< that merges something else than mappings",
    "<<: *name",
  ],
  [
    "a pattern that begins with *",
    inAgent('["read_*"]', "[*_read]"),
    "agents/grower.afs:10",
    "begin with *, put it in quotes",
  ],
  [
    "broken frontmatter",
    inTrigger("model: ", "model "),
    "triggers/harvest.md:2",
    "its frontmatter must be a mapping",
    "a blank after the colon",
  ],
  // Secrets
  [
    "a broken secrets.enc",
    { file: "secrets.enc", text: "broken" },
    "secrets.enc",
    "cannot be decrypted",
    "muxi secrets set NAME",
  ],
  ["a missing .key", { file: ".key", text: undefined }, ".key", "is missing", "Copy .key and secrets.enc"],
];

test.each(mistakes)("%s", (_, change, place, ...says) => expectFinding(change, place, says));

test("packages that a server installs by their lock file are not missed", async () => {
  const files = {
    ...(await orchardWith()),
    "node_modules/left-pad/index.js": "",
    "package.json": "{}",
    "package-lock.json": "{}",
  };
  expect((await loadFormation(await folder(files))).report.warnings).toEqual([]);
});
