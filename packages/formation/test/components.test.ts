import { expect, test } from "vitest";
import { agent, brief, load, manifest, reportOf, server } from "./folder.ts";

const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

test("declared components load in the order of the manifest, and only they", async () => {
  const formation = await load({
    "formation.afs": manifest("agents: [b, a]\nmcp: { servers: [two] }"),
    "agents/a.afs": agent("a"),
    "agents/b.yaml": agent("b"),
    "agents/c.yml": agent("c"),
    "mcp/one.afs": server("one"),
    "mcp/two.afs": server("two"),
  });
  expect(ids(formation.agents)).toEqual(["b", "a"]);
  expect(ids(formation.mcpServers)).toEqual(["two"]);
  expect(formation.agents[0]).toMatchObject({ source: "agents/b.yaml", role: "general", specialties: [] });
});

test.each([
  ["absent", ""],
  ["empty", "agents: []\nmcp: { servers: [] }"],
  ["without a value", "agents:\nmcp:\n"],
])("with an %s list all files load, sorted by name, with a suggestion", async (_, lists) => {
  const files = {
    "formation.afs": manifest(lists),
    "agents/z.afs": agent("first"),
    "agents/b.yml": agent("b"),
    "agents/a.yaml": agent("a"),
    "agents/.hidden.afs": agent("hidden"),
    "agents/notes.md": "no agent",
    "mcps/one.afs": server("one"),
    "mcp/two.afs": server("two"),
  };
  const formation = await load(files);
  expect(ids(formation.agents)).toEqual(["a", "b", "first"]);
  expect(ids(formation.mcpServers)).toEqual(["one"]);
  const { suggestions } = await reportOf(files);
  expect(brief(suggestions).slice(0, 2)).toEqual([
    "formation.afs → agents: lists no agent, so every file in agents/ is loaded",
    "formation.afs → mcp.servers: lists no MCP server, so every file in mcps/ or mcp/ is loaded",
  ]);
  expect(suggestions[0]?.hint).toBe("agents: [a, b, first]");
});

test("an id comes from the file's name when the file has none", async () => {
  const formation = await load({
    "formation.afs": manifest("agents: [grower]"),
    "agents/grower.afs": "name: Grower\ndescription: Grows\n",
  });
  expect(ids(formation.agents)).toEqual(["grower"]);
});

test("inline definitions, files and includes stand beside ids", async () => {
  const formation = await load({
    "formation.afs": manifest(`agents:
  - a
  - file: agents/b.yaml
  - $include: ./extra/c.afs
  - { id: d, name: D, description: Inline }
  - { id: off, name: Off, description: Switched off, active: false }
  - e
mcp:
  servers:
    - { id: web, description: The web, type: http, endpoint: "https://tools.example/mcp" }
`),
    "agents/a.afs": agent("a"),
    "agents/b.yaml": agent("b"),
    "agents/e.afs": agent("e", "active: false"),
    "extra/c.afs": agent("c"),
  });
  expect(ids(formation.agents)).toEqual(["a", "b", "c", "d"]);
  expect(formation.agents.map(({ source }) => source)).toEqual([
    "agents/a.afs",
    "agents/b.yaml",
    "extra/c.afs",
    "formation.afs",
  ]);
  expect(formation.mcpServers).toMatchObject([{ id: "web", type: "http", headers: {} }]);
});

test("a switched-off file may stand beside its replacement", async () => {
  const formation = await load({
    "formation.afs": manifest(),
    "agents/new.afs": agent("a", "role: new"),
    "agents/old.afs": agent("a", "active: false"),
  });
  expect(formation.agents).toMatchObject([{ id: "a", role: "new" }]);
});

test("an unknown id lists what is there", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest("agents: [ghost]\nmcp: { servers: [nothing] }"),
    "agents/a.afs": agent("a"),
    "agents/b.afs": agent("b"),
  });
  expect(errors).toMatchObject([
    { path: "agents[0]", message: "names the agent ghost, which does not exist", hint: "Available: a, b" },
    { path: "mcp.servers[0]", message: expect.stringContaining("nothing"), hint: "Available: none" },
  ]);
});

test.each([
  [
    "two files",
    { "formation.afs": manifest(), "agents/a.afs": agent("same"), "agents/b.yaml": agent("same") },
    "agents/b.yaml → id: same is already the id of agents/a.afs: every agent needs an id of its own",
  ],
  [
    "the same name with two extensions",
    { "formation.afs": manifest(), "mcp/s.afs": server("s"), "mcp/s.yaml": server("s") },
    "mcp/s.yaml → id: s is already the id of mcp/s.afs: every MCP server needs an id of its own",
  ],
  [
    "a file and an inline definition",
    {
      "formation.afs": manifest("agents: [a, { id: a, name: A, description: Inline }]"),
      "agents/a.afs": agent("a"),
    },
    "formation.afs → agents[1].id: a is already the id of agents/a.afs: every agent needs an id of its own",
  ],
])("an id in %s is an error that names both", async (_, files, message) => {
  expect(brief((await reportOf(files)).errors)).toEqual([message]);
});

test("an agent declared twice is a warning", async () => {
  const { errors, warnings } = await reportOf({
    "formation.afs": manifest("agents: [a, a]"),
    "agents/a.afs": agent("a"),
  });
  expect(errors).toEqual([]);
  expect(brief(warnings)).toEqual(["agents/a.afs: is declared more than once"]);
});

test.each([
  ["bad YAML", "id: [\n", "agents/bad.afs: is not valid YAML"],
  ["a list", "- x\n", "agents/bad.afs: must be a mapping"],
  ["a missing name", 'schema: "1.0.0"\ndescription: d\n', "agents/bad.afs → name: is required"],
])("a file with %s is left out when found, and an error when declared", async (_, text, message) => {
  const files = { "agents/bad.afs": text, "agents/good.afs": agent("good") };
  const found = { "formation.afs": manifest(), ...files };
  expect(ids((await load(found)).agents)).toEqual(["good"]);
  const { errors, warnings } = await reportOf(found);
  expect(errors).toEqual([]);
  expect(brief(warnings)[0]).toContain(message);
  expect(warnings[0]?.hint).toContain("This agent is not loaded until its file is corrected");

  const declared = await reportOf({ "formation.afs": manifest("agents: [good, bad]"), ...files });
  expect(brief(declared.errors)).toEqual([expect.stringContaining(message)]);
});

test("a broken file that a list leaves out is a warning", async () => {
  const { errors, warnings } = await reportOf({
    "formation.afs": manifest("agents: [good]"),
    "agents/bad.afs": "id: [\n",
    "agents/good.afs": agent("good"),
  });
  expect(errors).toEqual([]);
  expect(brief(warnings)).toEqual([expect.stringContaining("agents/bad.afs: is not valid YAML")]);
});

test("a file where a folder belongs is a warning", async () => {
  const { errors, warnings } = await reportOf({ "formation.afs": manifest(), agents: "text" });
  expect(errors).toEqual([]);
  expect(brief(warnings)).toEqual(["agents: is not a folder"]);
});

test("an included file that is missing or outside is an error", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest("agents: [{ file: agents/none.afs }, { file: ../../../etc/hostname }]"),
  });
  expect(brief(errors)).toEqual([
    "agents/none.afs: does not exist, or is a link to something outside the formation folder",
    "../../../etc/hostname: does not exist, or is a link to something outside the formation folder",
  ]);
});

test("one report names what is wrong in every file", async () => {
  const { errors } = await reportOf({
    "formation.afs": 'schema: "1.0.0"\nid: my-bot\nagents: [a, b]\n',
    "agents/a.afs": agent("a", "role: 7"),
    "agents/b.afs": agent("b", "specialties: one"),
  });
  expect(brief(errors)).toEqual([
    "formation.afs → description: is required",
    "agents/a.afs → role: must be text, not a number",
    "agents/b.afs → specialties: must be a list, not text",
  ]);
});

test("an agent's servers are attachments, narrowed ones, or its own", async () => {
  const formation = await load({
    "formation.afs": manifest("agents: [a]\nmcp: { servers: [weather, stock] }"),
    "mcp/weather.afs": server("weather"),
    "mcp/stock.afs": server("stock", "cwd: tools\nenv: { PORT: 8080, DEBUG: true }"),
    "agents/a.afs": agent(
      "a",
      `mcp_servers:
  - weather
  - { id: stock, tools: { allow: "read_*", blacklist: ["*_secret"] } }
  - { id: own, description: Private, type: command, command: node, args: [own.mjs] }
`,
    ),
  });
  expect(formation.agents[0]?.mcp_servers).toMatchObject([
    { id: "weather" },
    { id: "stock", tools: { allow: ["read_*"], deny: ["*_secret"] } },
    { id: "own", type: "command", args: ["own.mjs"] },
  ]);
  expect(formation.mcpServers[1]).toMatchObject({
    working_directory: "tools",
    env: { PORT: "8080", DEBUG: "true" },
  });
});

test("knowledge has its defaults", async () => {
  const formation = await load({
    "formation.afs": manifest("agents: [a]"),
    "agents/a.afs": agent(
      "a",
      "knowledge: { sources: [{ path: docs, description: Papers }], chunk_size: 500 }",
    ),
    "docs/x.md": "# X",
  });
  expect(formation.agents[0]?.knowledge).toEqual({
    enabled: true,
    sources: [
      expect.objectContaining({ path: "docs", description: "Papers", recursive: false, file_limit: 50 }),
    ],
    max_file_size: 1_048_576,
    chunk_size: 500,
    overlap: 100,
    chunking: { strategy: "adaptive" },
    max_context_tokens: 1500,
    search_tool: true,
    embed_batch_size: 50,
    reasoning_threshold: 40_000,
    tree: {
      timeout_seconds: 20,
      max_depth: 3,
      max_pages_per_node: 10,
      max_tokens_per_node: 20_000,
      max_document_tokens: 500_000,
      max_sufficiency_rounds: 3,
      max_fetched_nodes_pct: 50,
      fallback_to_vector: true,
    },
    scans: "auto",
  });
});

test("the models that knowledge is searched with are checked, and rerankers need no package", async () => {
  const of = (knowledge: string) =>
    reportOf({
      "formation.afs": manifest("agents: [a]"),
      "agents/a.afs": agent("a", `knowledge: { ${knowledge} }`),
    });
  for (const provider of ["cohere", "voyage", "jina"]) {
    expect(await of(`rerank: { model: ${provider}/order }`)).toMatchObject({ errors: [], warnings: [] });
  }
  const { errors, warnings } = await of(
    "rerank: { model: order }, follow_ups: { model: cohere/command }, tree: { model: outline }",
  );
  expect(brief(errors)).toEqual([
    "agents/a.afs → knowledge.rerank.model: names a model without its provider",
    "agents/a.afs → knowledge.tree.model: names a model without its provider",
  ]);
  expect(brief(warnings)).toEqual([
    "agents/a.afs → knowledge.follow_ups.model: names the provider cohere, which is not built in, and whose package is not installed",
  ]);
});
