import { expect, test } from "vitest";
import { agent, brief, load, manifest, reportOf, server } from "./folder.ts";

test.each<[string, string, string, object]>([
  [
    "a number in quotes",
    'server: { port: "8080" }',
    "server.port: is read as a number",
    { server: { port: 8080 } },
  ],
  [
    "a number in quotes where text is a choice",
    'memory: { working: { max_memory_mb: "256" } }',
    "memory.working.max_memory_mb: is read as a number",
    { memory: { working: { max_memory_mb: 256 } } },
  ],
  [
    "true in quotes",
    'server: { access_log: "true" }',
    "server.access_log: is read as a boolean",
    { server: { access_log: true } },
  ],
  [
    "off, which other runtimes take for false",
    "server: { access_log: off }",
    "server.access_log: is read as a boolean",
    { server: { access_log: false } },
  ],
  [
    "a number with a mark of its thousands",
    "memory: { working: { max_memory_mb: 1_024 } }",
    "memory.working.max_memory_mb: is read as a number",
    { memory: { working: { max_memory_mb: 1024 } } },
  ],
  [
    "transport: http",
    'logging: { conversation: { streams: [{ transport: http, destination: "https://example.com" }] } }',
    "logging.conversation.streams[0].transport: is read as stream",
    { logging: { conversation: { streams: [{ transport: "stream" }] } } },
  ],
  [
    "format: datadog",
    "logging: { conversation: { streams: [{ transport: stdout, format: datadog }] } }",
    "logging.conversation.streams[0].format: is read as datadog_json",
    { logging: { conversation: { streams: [{ format: "datadog_json" }] } } },
  ],
  [
    "an embedding model without its provider",
    "memory: { persistent: { embedding_model: text-embedding-3-small } }\nllm: { models: [{ text: mistral/a }, { embedding: openai/b }] }",
    "memory.persistent.embedding_model: names a model without its provider; it is read as openai/text-embedding-3-small",
    { memory: { persistent: { embedding_model: "openai/text-embedding-3-small" } } },
  ],
])("%s is read as meant, with a warning", async (_, text, warning, expected) => {
  const files = { "formation.afs": manifest(text) };
  expect((await load(files)).manifest).toMatchObject(expected);
  expect(brief((await reportOf(files)).warnings)).toEqual([`formation.afs → ${warning}`]);
});

test.each([
  ['server: { port: "80a" }', "server.port: must be a number, not text"],
  ['server: { port: "70000" }', "server.port: must be at most 65535"],
  ['server: { access_log: "maybe" }', "server.access_log: must be true or false, not text"],
  [
    "memory: { persistent: { embedding_model: small } }",
    "memory.persistent.embedding_model: names a model without its provider",
  ],
])("what means nothing, or too much, is still an error: %s", async (text, error) => {
  expect(brief((await reportOf({ "formation.afs": manifest(text) })).errors)).toContain(
    `formation.afs → ${error}`,
  );
});

test("agents and MCP servers are read as leniently as the manifest", async () => {
  const { errors, warnings } = await reportOf({
    "formation.afs": manifest("agents: [a]\nmcp: { servers: [s] }"),
    "agents/a.afs": agent("a", 'knowledge: { max_file_size: "2000" }'),
    "mcp/s.afs": server("s", 'timeout_seconds: "5"'),
  });
  expect(errors).toEqual([]);
  expect(brief(warnings)).toEqual([
    "agents/a.afs → knowledge.max_file_size: is read as a number",
    "mcp/s.afs → timeout_seconds: is read as a number",
  ]);
});

test.each([
  "overlord: { workflow: { complexity_method: magic, routing_strategy: magic } }",
  "overlord: { response: { widgets: maybe } }",
  "memory: { buffer: { vector_search: fast } }",
  "async: { mode: sometimes }",
])("a value in a section without effect never refuses the formation: %s", async (text) => {
  const { errors, warnings } = await reportOf({ "formation.afs": manifest(text) });
  expect(errors).toEqual([]);
  expect(new Set(warnings.map(({ message }) => message))).toEqual(new Set(["has no effect"]));
});

test("of a repeated key the last value counts, and the warning names both lines", async () => {
  const files = {
    "formation.afs": manifest("name: One\nserver: { port: 1 }\nname: Two\n"),
    "agents/a.afs": `${agent("a")}name: Again\n`,
  };
  const formation = await load(files);
  expect([formation.name, formation.agents[0]?.name]).toEqual(["Two", "Again"]);
  const { warnings } = await reportOf(files);
  expect(warnings.map(({ file, line, message }) => [file, line, message])).toEqual([
    ["formation.afs", 6, "the key name stands on line 4 and on line 6: the last one counts"],
    ["agents/a.afs", 5, "the key name stands on line 3 and on line 5: the last one counts"],
  ]);
});

test("an empty list where a mapping is meant says nothing", async () => {
  const { errors, warnings } = await reportOf({
    "formation.afs": manifest("memory: []\nagents: [a]"),
    "agents/a.afs": agent("a", "knowledge: []\n"),
  });
  expect([...errors, ...warnings]).toEqual([]);
});

test.each([
  ["type: stdio\ncommand: node", "type: is read as command", { type: "command" }],
  ["command: node", "type: is missing; it is read as command", { type: "command" }],
  [
    "type: streamable_http\nendpoint: https://tools.example/mcp",
    "type: is read as http",
    { type: "http", endpoint: "https://tools.example/mcp" },
  ],
  [
    "transport: http\nurl: https://tools.example/mcp",
    "transport: is an old name; it is read as type",
    { type: "http", endpoint: "https://tools.example/mcp" },
  ],
])("an MCP server with %j is read as meant", async (fields, warning, expected) => {
  const files = {
    "formation.afs": manifest("mcp: { servers: [s] }"),
    "mcp/s.afs": `schema: "1.0.0"\nid: s\ndescription: d\n${fields}\n`,
  };
  expect((await load(files)).mcpServers).toMatchObject([expected]);
  expect(brief((await reportOf(files)).warnings)).toContain(`mcp/s.afs → ${warning}`);
});
