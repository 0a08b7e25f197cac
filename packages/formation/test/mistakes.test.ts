import { expect, test } from "vitest";
import { formatReport, loadFormation } from "../src/index.ts";
import { folder, ref } from "./folder.ts";
import { type Change, orchardWith } from "./orchard.ts";

/** What is said of the orchard formation with one change, as `validate`, `up`, `deploy` and the log get it. */
const findingsOf = async (change?: Change) => {
  const { report } = await loadFormation(await folder(await orchardWith(change)));
  return { ...report, suggestions: [] };
};

test("nothing is said of a formation in which nothing is wrong", async () => {
  expect(formatReport(await findingsOf())).toEqual([]);
});

const inManifest = (replace: string, by: string): Change => ({ file: "formation.afs", replace, by });
const atEnd = (line: string): Change => inManifest("agents: [grower]\n", `agents: [grower]\n${line}\n`);
const inAgent = (replace: string, by: string): Change => ({ file: "agents/grower.afs", replace, by });
const inStock = (replace: string, by: string): Change => ({ file: "mcp/stock.afs", replace, by });
const inWeather = (replace: string, by: string): Change => ({ file: "mcp/weather.afs", replace, by });
const inSop = (replace: string, by: string): Change => ({ file: "sops/frost.md", replace, by });
const inTrigger = (replace: string, by: string): Change => ({ file: "triggers/harvest.md", replace, by });
const inSkill = (replace: string, by: string): Change => ({ file: "skills/losses/SKILL.md", replace, by });
const newFile = (file: string, text = "x"): Change => ({ file, text });

/** Where it is, and a part of what is said, remedy included. */
const mistakes: readonly [mistake: string, change: Change, place: string, ...says: string[]][] = [
  // Unknown fields
  ["agent: for agents:", inManifest("agents:", "agent:"), "formation.afs:28 → agent", "Did you mean agents?"],
  ["overlrod", inManifest("overlord:", "overlrod:"), "formation.afs:15 → overlrod", "Did you mean overlord?"],
  ["memry", inManifest("memory:", "memry:"), "formation.afs:17 → memry", "Did you mean memory?"],
  [
    "foo at the top",
    atEnd("foo: 1"),
    "formation.afs:29 → foo",
    "unknown field",
    "Correct its name, or remove it",
  ],
  [
    "a field of a section",
    inManifest("size: 20", "sizes: 20"),
    "formation.afs:19 → memory.buffer.sizes",
    "Did you mean size?",
  ],
  [
    "a field of a list's entry",
    inManifest("- transport: stdout", "- transport: stdout\n        levle: warn"),
    "formation.afs:26 → logging.conversation.streams[0].levle",
    "Did you mean level?",
  ],
  [
    "a field with capitals",
    inManifest("webhook_url", "webhookUrl"),
    "formation.afs:21 → async.webhookUrl",
    "Did you mean webhook_url?",
  ],
  [
    "a field in the wrong place",
    inManifest("port: 8001", "max_tool_calls: 5"),
    "formation.afs:6 → server.max_tool_calls",
    "unknown field",
  ],
  [
    "a field of a section at the top",
    atEnd("max_tool_calls: 5"),
    "formation.afs:29 → max_tool_calls",
    "Did you mean mcp.max_tool_calls?",
  ],
  [
    "system_prompt",
    inAgent("system_message", "system_prompt"),
    "agents/grower.afs:5 → system_prompt",
    "Did you mean system_message?",
  ],
  [
    "a field of an agent's knowledge",
    inAgent("    - path: knowledge", "    - path: knowledge\n      recursiv: true"),
    "agents/grower.afs:14 → knowledge.sources[0].recursiv",
    "Did you mean recursive?",
  ],
  [
    "descripton",
    inAgent("description: Knows", "descripton: Knows"),
    "agents/grower.afs:4 → description",
    "is required",
    "Did you mean it by descripton?",
  ],
  ["a field of a server", inStock("args:", "arg:"), "mcp/stock.afs:6 → arg", "Did you mean args?"],
  ["a field of auth", inWeather("token:", "tokne:"), "mcp/weather.afs:8 → auth.tokne", "Did you mean token?"],
  [
    "a key of a tool filter",
    inAgent("{ allow:", "{ alow:"),
    "agents/grower.afs:10 → mcp_servers[1].tools.alow",
    "Did you mean allow?",
  ],
  ["a key of a procedure", inSop("tags:", "tgas:"), "sops/frost.md:4 → tgas", "Did you mean tags?"],
  [
    "a key of a trigger",
    inTrigger("model:", "modle:"),
    "triggers/harvest.md:2 → modle",
    "Did you mean model?",
  ],
  [
    "a key of a skill",
    inSkill("description:", "descriptoin:"),
    "skills/losses/SKILL.md:3 → descriptoin",
    "Did you mean description?",
  ],
  // Fields without effect
  [
    "a section without effect",
    atEnd("tuning: { interval_hours: 1 }"),
    "formation.afs:29 → tuning",
    "has no effect",
    "Remove it",
  ],
  [
    "a bad value in a section without effect",
    atEnd("init: [npm, run]"),
    "formation.afs:29 → init",
    "has no effect",
    "Run the command before",
  ],
  [
    "skills of an agent",
    inAgent("specialties:", "skills: [losses]\nspecialties:"),
    "agents/grower.afs:6 → skills",
    "agents do not use them",
  ],
  [
    "retrieval of an agent",
    inAgent("knowledge:\n", "knowledge:\n  retrieval: tree\n"),
    "agents/grower.afs:12 → knowledge.retrieval",
    "searched by their words",
  ],
  [
    "a trigger's channel",
    inTrigger("model: openai/gpt-4o-mini", "channel: slack"),
    "triggers/harvest.md:2 → channel",
    "Name a webhook",
  ],
  // References
  [
    "secret.X",
    inManifest("secrets.OPENAI", "secret.OPENAI"),
    "formation.afs:12 → llm.api_keys.openai",
    "Did you mean ${{ secrets.OPENAI_API_KEY }}?",
  ],
  [
    "an open reference",
    inManifest(`${ref("secrets.OPENAI_API_KEY")}`, "${{ secrets.OPENAI_API_KEY }"),
    "formation.afs:12 → llm.api_keys.openai",
    "no }} closes",
    "${{ secrets.NAME }}",
  ],
  [
    "a reference with one brace",
    inManifest(ref("secrets.OPENAI_API_KEY"), "${OPENAI_API_KEY}"),
    "formation.afs:12 → llm.api_keys.openai",
    "Write it as ${{ secrets.NAME }}",
  ],
  [
    "a reference without $",
    inWeather(ref("secrets.WEATHER_TOKEN"), "{{ secrets.WEATHER_TOKEN }}"),
    "mcp/weather.afs:8 → auth.token",
    "Write it as ${{ secrets.NAME }}",
  ],
  [
    "a secret that is not set",
    inManifest("OPENAI_API_KEY", "OPENAI_KEY"),
    "formation.afs:12 → llm.api_keys.openai",
    "muxi secrets set OPENAI_KEY",
  ],
  [
    "an open placeholder of a trigger",
    inTrigger("${{ data.field }}", "${{ data.field }"),
    "triggers/harvest.md:4",
    "(column 16)",
    "${{ data.name }}",
  ],
  [
    "a misspelt placeholder of a trigger",
    inTrigger("data.field", "date.field"),
    "triggers/harvest.md:4",
    "Did you mean ${{ data.field }}?",
  ],
  [
    "a secret in a trigger",
    inTrigger("data.field", "secrets.FIELD"),
    "triggers/harvest.md:4",
    "not filled in here",
  ],
  [
    "a secret in a procedure",
    inSop("Warn the staff", `Use ${ref("secrets.PIN")}`),
    "sops/frost.md:8",
    "not filled in here",
  ],
  // Models
  [
    "opnai",
    inManifest("text: openai", "text: opnai"),
    "formation.afs:14 → llm.models[0].text",
    "Did you mean openai?",
  ],
  [
    "a model without its provider",
    inManifest("text: openai/", "text: "),
    "formation.afs:14 → llm.models[0].text",
    "Write provider/model",
  ],
  [
    "a key of a provider without models",
    inManifest("    openai: ", "    opneai: "),
    "formation.afs:12 → llm.api_keys.opneai",
    "Did you mean openai?",
  ],
  [
    "opnai of a trigger",
    inTrigger("openai", "opnai"),
    "triggers/harvest.md:2 → model",
    "Did you mean openai?",
  ],
  [
    "opnai of an alias",
    inManifest("  models:\n", "  aliases: { fast: opnai/mini }\n  models:\n"),
    "formation.afs:13 → llm.aliases.fast",
    "Did you mean openai?",
  ],
  [
    "user.credential.X",
    inWeather("secrets.WEATHER_TOKEN", "user.credential.weather"),
    "mcp/weather.afs:8 → auth.token",
    "Did you mean ${{ user.credentials.weather }}?",
  ],
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
    "Did you mean it by typ?",
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
  // Types and values
  [
    "stdio",
    inStock("type: command", "type: stdio"),
    "mcp/stock.afs:4 → type",
    "is read as command",
    "Write type: command",
  ],
  [
    "transport of a server",
    inWeather("type: http", "transport: sse"),
    "mcp/weather.afs:4 → transport",
    "http",
  ],
  [
    "a number in quotes",
    inManifest("size: 20", 'size: "20"'),
    "formation.afs:19 → memory.buffer.size",
    "is read as a number",
  ],
  [
    "an id that cannot be deployed",
    inManifest("id: orchard", "id: my_orchard"),
    "formation.afs:2 → id",
    "cannot be deployed",
    "Use 3 to 50",
  ],
  [
    "a misspelt choice",
    inManifest("soul: Warm and brief", "response: { format: markdwn }"),
    "formation.afs:16 → overlord.response.format",
    "must be one of markdown",
    "Did you mean markdown?",
  ],
  [
    "a list in place of a mapping",
    inManifest("  servers: [stock, weather]", "  - stock"),
    "formation.afs:26 → mcp",
    "must be a mapping, not a list",
    "Write its fields below it",
  ],
  [
    "a text in place of a list",
    inManifest("agents: [grower]", "agents: grower"),
    "formation.afs:28 → agents",
    "must be a list, not text",
    "Write a list",
  ],
  [
    "a server without a way to reach it",
    inWeather("type: http\nendpoint: https://weather.example/mcp", "type: http"),
    "mcp/weather.afs → endpoint",
    "is required",
    "Add it",
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

test("the catalogue is long enough to be worth its name", () => {
  expect(mistakes.length).toBeGreaterThan(60);
});

test.each(mistakes)("%s", async (_, change, place, ...says) => {
  const report = await findingsOf(change);
  const lines = formatReport(report).join("\n");
  const findings = lines.split(/^(?= {2}\S)/m).filter((finding) => finding.startsWith(`  ${place}\n`));
  expect(findings, lines).not.toEqual([]);
  for (const said of says) expect(findings.join("\n")).toContain(said);
  for (const { hint } of [...report.errors, ...report.warnings]) expect(hint, lines).toBeTruthy();
});

test("packages that a server installs by their lock file are not missed", async () => {
  const files = {
    ...(await orchardWith()),
    "node_modules/left-pad/index.js": "",
    "package.json": "{}",
    "package-lock.json": "{}",
  };
  expect((await loadFormation(await folder(files))).report.warnings).toEqual([]);
});

test("names that every object has are unknown fields like others", async () => {
  const { errors, warnings } = await findingsOf(
    atEnd("constructor: 1\ntoString: 2\n__proto__: { x: 1 }\nserver2: { constructor: 1 }"),
  );
  expect(errors).toEqual([]);
  expect(warnings.map(({ path }) => path)).toEqual(["constructor", "toString", "server2"]);
});
