import { expect, test } from "vitest";
import { formatReport } from "../src/index.ts";
import { ref } from "./folder.ts";
import {
  atEnd,
  expectFinding,
  findingsOf,
  inAgent,
  inManifest,
  inSkill,
  inSop,
  inStock,
  inTrigger,
  inWeather,
  type Mistake,
} from "./orchard.ts";

/** What is written into the fields of a file by mistake. */
const mistakes: readonly Mistake[] = [
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
    "Did you mean description by descripton?",
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
    inAgent("knowledge:\n", "knowledge:\n  retrieval: trees\n"),
    "agents/grower.afs:12 → knowledge.retrieval",
    "Did you mean tree?",
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
    "a variable as shells write it, without braces",
    inManifest(ref("secrets.OPENAI_API_KEY"), "$OPENAI_API_KEY"),
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
];

test.each(mistakes)("%s", (_, change, place, ...says) => expectFinding(change, place, says));

test("nothing is said of a formation in which nothing is wrong", async () => {
  expect(formatReport(await findingsOf())).toEqual([]);
});

test("names that every object has are unknown fields like others", async () => {
  const { errors, warnings } = await findingsOf(
    atEnd("constructor: 1\ntoString: 2\n__proto__: { x: 1 }\nserver2: { constructor: 1 }"),
  );
  expect(errors).toEqual([]);
  expect(warnings.map(({ path }) => path)).toEqual(["constructor", "toString", "server2"]);
});
