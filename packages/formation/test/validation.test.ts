import { expect, test } from "vitest";
import { agent, brief, load, manifest, reportOf, server } from "./folder.ts";

/** Knowledge with sources of these fields. */
const source = (fields: string) => `knowledge: { sources: [{ ${fields} }] }`;

test.each([
  ["description: is required", "schema: 1.0.0\nid: my-bot\n"],
  ["id: is required", 'schema: "1.0.0"\ndescription: d\n'],
  ['schema: must be "1.0.0"', "id: my-bot\ndescription: d\n"],
  ['schema: must be "1.0.0"', 'schema: "2.0.0"\nid: my-bot\ndescription: d\n'],
  ["description: must not be empty", 'schema: "1.0.0"\nid: my-bot\ndescription: "  "\n'],
  ["id: contains characters that cannot be part of a URL", 'schema: "1.0.0"\nid: "a/b"\ndescription: d\n'],
  ["version: must be text, not a number", manifest("version: 1.5")],
  ["agents: must be a list, not text", manifest("agents: one")],
  [
    'retention.messages: must be a number of hours or days such as "12h" or "90d"',
    manifest("retention: { messages: 90 }"),
  ],
  [
    'retention.audit: must be a number of hours or days such as "12h" or "90d"',
    manifest("retention: { audit: 2 weeks }"),
  ],
  ["agents[0]: must be an id or a mapping", manifest("agents: [7]")],
  ["server: must be a mapping, not text", manifest("server: on")],
  ["server.port: must be at least 1", manifest("server: { port: 0 }")],
  ["server.port: must be at most 65535", manifest("server: { port: 65536 }")],
  ["server.port: must be a number, not text", manifest('server: { port: "eighty" }')],
  [
    'server.allowed_origins[0]: must be an origin such as "https://app.example", in lower case, without a path or a usual port',
    manifest('server: { allowed_origins: ["https://app.example/chat"] }'),
  ],
  [
    'server.allowed_origins[0]: must be an origin such as "https://app.example", in lower case, without a path or a usual port',
    manifest("server: { allowed_origins: ['*'] }"),
  ],
  ["server.port: must be a whole number", manifest("server: { port: 80.5 }")],
  ["server.auth: is no longer supported; the keys are in server.api_keys", manifest("server: { auth: {} }")],
  ["server.api_keys.client_key: must not be empty", manifest('server: { api_keys: { client_key: "" } }')],
  ["llm.settings.temperature: must be at most 2", manifest("llm: { settings: { temperature: 2.1 } }")],
  ["llm.settings.temperature: must be at least 0", manifest("llm: { settings: { temperature: -1 } }")],
  [
    "llm.settings.timeout_seconds: must be more than 0",
    manifest("llm: { settings: { timeout_seconds: 0 } }"),
  ],
  [
    "llm.settings.base_url: must be a URL that begins with http:// or https://",
    manifest('llm: { settings: { base_url: "ftp://x" } }'),
  ],
  [
    "llm.models[0]: names text and vision; an entry has exactly one capability",
    manifest("llm: { models: [{ text: a/b, vision: a/b }] }"),
  ],
  [
    "llm.models[0]: names no capability; it needs one of text, vision, audio, video, documents, embedding, streaming",
    manifest("llm: { models: [{ api_key: x }] }"),
  ],
  [
    "llm.models[0].settings.temperature: must be at most 2",
    manifest("llm: { models: [{ text: a/b, settings: { temperature: 3 } }] }"),
  ],
  ["llm.models[0].text: names a model without its provider", manifest("llm: { models: [{ text: gpt-4o }] }")],
  [
    "llm.settings.fallback_model: names a model without its provider",
    manifest("llm: { settings: { fallback_model: gpt } }"),
  ],
  ["llm.aliases.fast: names a model without its provider", manifest("llm: { aliases: { fast: gpt } }")],
  [
    "llm.aliases.fast: names a model without its provider",
    manifest("llm: { aliases: { fast: small, small: a/b }, models: [{ text: fast }] }"),
  ],
  ["llm.aliases.text: is the name of a capability", manifest("llm: { aliases: { text: a/b } }")],
  ['llm.aliases["a b"]: may contain letters, digits, _ and -', manifest('llm: { aliases: { "a b": x/y } }')],
  [
    "overlord.llm.base.model: names a model without its provider",
    manifest("overlord: { llm: { base: { model: gpt } } }"),
  ],
  [
    "overlord.response.format: must be one of markdown, text, json, html",
    manifest("overlord: { response: { format: xml } }"),
  ],
  [
    "async.webhook_url: must be a URL that begins with http:// or https://",
    manifest("async: { webhook_url: example.com }"),
  ],
  ["memory.buffer.size: must be at least 1", manifest("memory: { buffer: { size: 0 } }")],
  [
    "memory.captains_log.session_idle_minutes: must be at most 10080",
    manifest("memory: { captains_log: { session_idle_minutes: 10081 } }"),
  ],
  [
    "memory.compaction.flush_threshold: must be more than 0.5",
    manifest("memory: { compaction: { flush_threshold: 0.3 } }"),
  ],
  [
    "memory.persistent.connection_string: must begin with postgresql://, postgres:// or sqlite://, or be a path that ends in .db",
    manifest("memory: { persistent: { connection_string: mysql://x } }"),
  ],
  [
    "scheduler.timezone: must be a time zone such as UTC or Europe/Paris",
    manifest("scheduler: { timezone: Mars/Base }"),
  ],
  [
    'scheduler.default_time: must be a time of day such as "09:00"',
    manifest('scheduler: { default_time: "25:00" }'),
  ],
  ["mcp.watch: watches tools, but the formation has no MCP server", manifest("mcp: { watch: {} }")],
])("manifest, %s", async (message, text) => {
  expect(brief((await reportOf({ "formation.afs": text })).errors)).toContain(`formation.afs → ${message}`);
});

test.each([
  ["soul: belongs to the overlord: an agent has no soul of its own", "soul: Mine"],
  ["specialties: must be a list, not text", "specialties: one"],
  ["llm_models[0].text: names a model without its provider", "llm_models: [{ text: gpt }]"],
  [
    "llm_models[0]: names text and audio; an entry has exactly one capability",
    "llm_models: [{ text: a/b, audio: a/b }]",
  ],
  ["mcp_servers[0]: names the MCP server ghost, which the formation does not have", "mcp_servers: [ghost]"],
  [
    "mcp_servers[0]: names the MCP server ghost, which the formation does not have",
    "mcp_servers: [{ id: ghost }]",
  ],
  ["mcp_servers[0].id: is required", "mcp_servers: [{ tools: { allow: x } }]"],
  ["mcp_servers[0].endpoint: is required", "mcp_servers: [{ id: x, type: http }]"],
  [
    "knowledge.sources[0].path: must be relative to the formation folder, without ..",
    "knowledge: { sources: [{ path: /etc/passwd }] }",
  ],
  [
    "knowledge.sources[0].path: must be relative to the formation folder, without ..",
    "knowledge: { sources: [{ path: docs/../../x }] }",
  ],
  [
    "knowledge.sources[0].path: must be relative to the formation folder, without ..",
    "knowledge: { sources: [{ path: 'C:\\x' }] }",
  ],
  ["knowledge.sources[0]: needs either a path or a url", "knowledge: { sources: [{ description: d }] }"],
  ["knowledge.sources[0].url: names no bucket", source("url: 's3:///x'")],
  [
    "knowledge.sources[0].url: begins with sftp://, which is not read yet",
    source("url: 'sftp://example.com/x'"),
  ],
  [
    "knowledge.sources[0].url: must begin with http://, https://, git+http://, git+https://, s3://, gs://, az://",
    source("url: 'gopher://example.com/x'"),
  ],
  [
    "knowledge.sources[0].url: names no repository: its path has no part that ends in .git",
    source("url: 'git+https://example.com/handbook'"),
  ],
  [
    "knowledge.sources[0].ref: must be the name of a branch or a tag, or a commit",
    source("url: 'git+https://example.com/handbook.git', ref: --upload-pack=x"),
  ],
  ["knowledge.sources[0].url: holds a user name or password", source("url: 'https://ann:pw@example.com/x'")],
  ["knowledge.sources[0].url: has both a pattern and a query", source("url: 'https://example.com/*.md?a=1'")],
  ["knowledge.sources[0].url: is not a valid URL", source("url: 'https://exa mple.com/'")],
  [
    "knowledge.sources[0].schedule: is no schedule: its hour has '25', which is not between 0 and 23",
    source("url: 'https://example.com/x', schedule: '0 25 * * *'"),
  ],
  [
    "knowledge.sources[0].auth: of the type basic needs username and password",
    source("url: 'https://example.com/x', auth: { type: basic, username: ann }"),
  ],
  [
    "knowledge.sources[0].auth: needs type, basic or bearer",
    source("url: 'https://example.com/x', auth: { token: abc }"),
  ],
  [
    "knowledge.sources[0].auth: needs access_key_id and secret_access_key",
    source("url: 's3://orchard/x', auth: { access_key_id: abc }"),
  ],
  [
    "knowledge.sources[0].auth: needs credentials_json",
    source("url: 'gs://orchard/x', auth: { token: abc }"),
  ],
  ["knowledge.sources[0].auth: needs connection_string or account_name", source("url: 'az://orchard/x'")],
  [
    "knowledge.sources[1]: is called docs, as another source of the agent is",
    source("url: 'https://example.com/x', id: docs }, { url: 'https://example.com/y', id: docs"),
  ],
  ["knowledge.overlap: must be smaller than chunk_size", "knowledge: { chunk_size: 100, overlap: 100 }"],
])("agent, %s", async (message, field) => {
  const { errors } = await reportOf({
    "formation.afs": manifest("agents: [a]"),
    "agents/a.afs": agent("a", field),
  });
  expect(brief(errors).join()).toContain(message);
});

test("an agent's soul is an error even in a file that is only found", async () => {
  const { errors } = await reportOf({
    "formation.afs": manifest(),
    "agents/a.afs": agent("a", "soul: Mine"),
  });
  expect(brief(errors)).toEqual([
    "agents/a.afs → soul: belongs to the overlord: an agent has no soul of its own",
  ]);
});

test.each([
  ["type: must be command or http", "type: socket"],
  ["type: must be command or http", "description: neither command nor endpoint"],
  ["command: is required", "type: command"],
  ["endpoint: is required", "type: http"],
  ["endpoint: must be a URL that begins with http:// or https://", "type: http\nendpoint: file:///x"],
  ["args: must be a list, not text", "type: command\ncommand: node\nargs: one"],
  ["env.A: must be text, a number, true or false", "type: command\ncommand: node\nenv: { A: [1] }"],
  ["tools: needs allow, deny or approval", "type: command\ncommand: node\ntools: {}"],
  ["tools.only: is an unknown field", "type: command\ncommand: node\ntools: { only: x, deny: y }"],
  [
    "tools: has both allow and whitelist, which mean the same",
    "type: command\ncommand: node\ntools: { allow: x, whitelist: y }",
  ],
  [
    "auth.type: must be one of env, bearer, basic, api_key, none",
    "type: command\ncommand: node\nauth: { type: magic }",
  ],
])("server, %s", async (message, fields) => {
  const { errors } = await reportOf({
    "formation.afs": manifest("mcp: { servers: [s] }"),
    "mcp/s.afs": `schema: "1.0.0"\nid: s\ndescription: d\n${fields}\n`,
  });
  expect(brief(errors)).toEqual([`mcp/s.afs → ${message}`]);
});

test.each([
  [
    "an id that works only locally",
    { "formation.afs": manifest().replace("my-bot", "My_bot") },
    "formation.afs → id: runs from its folder, but cannot be deployed",
  ],
  [
    "an id that the server uses itself",
    { "formation.afs": manifest().replace("my-bot", "admin") },
    "formation.afs → id: runs from its folder, but cannot be deployed: it is a path of the server",
  ],
  [
    "a capability named twice",
    { "formation.afs": manifest("llm: { models: [{ text: openai/b }, { text: openai/c }] }") },
    "formation.afs → llm.models[1]: names the capability text again; this entry is used",
  ],
  [
    "an agent without schema",
    { "formation.afs": manifest(), "agents/a.afs": "name: A\ndescription: d\n" },
    "agents/a.afs → schema: is missing",
  ],
  [
    "a server without description",
    { "formation.afs": manifest(), "mcp/s.afs": server("s").replace(/description.*\n/, "") },
    "mcp/s.afs → description: is missing",
  ],
  [
    "an empty filter",
    { "formation.afs": manifest(), "mcp/s.afs": server("s", "tools: { deny: [] }") },
    "mcp/s.afs → tools.deny: is empty and has no effect",
  ],
  [
    "knowledge that is not there",
    {
      "formation.afs": manifest(),
      "agents/a.afs": agent("a", "knowledge: { sources: [{ path: docs, description: d }] }"),
    },
    "agents/a.afs → knowledge.sources[0].path: docs does not exist in the formation folder, or is a link that leads out of it",
  ],
  [
    "knowledge without description",
    {
      "formation.afs": manifest(),
      "docs/x.md": "",
      "agents/a.afs": agent("a", "knowledge: { sources: [{ path: docs }] }"),
    },
    "agents/a.afs → knowledge.sources[0].description: is missing",
  ],
])("%s is a warning, and the formation loads", async (_, files, message) => {
  const report = await reportOf(files);
  expect(report.errors).toEqual([]);
  expect(brief(report.warnings)).toEqual([message]);
});

test("a formation with keys and a model has nothing to be said about it", async () => {
  const report = await reportOf({
    "formation.afs": manifest(
      "server: { api_keys: { client_key: fmc_x, admin_key: fma_x } }\nllm: { models: [{ text: openai/x }] }\nextensions: { any: [1] }\nx-note: mine",
    ),
  });
  expect(report).toEqual({ errors: [], warnings: [], suggestions: [] });
});

test("a field without effect is a warning that says what happens instead", async () => {
  const { errors, warnings } = await reportOf({
    "formation.afs": manifest(`overlord:
  workflow: { complexity_method: custom, enable_agent_affinity: false }
  response: { streaming: false, widgets: true, retry_async: { enabled: false } }
llm: { models: [{ text: openai/x }], settings: { caching: { p: 0.9 } } }
a2a: { inbound: { enabled: true } }
rbac: { active: false }
tuning: false
`),
  });
  expect(errors).toEqual([]);
  expect(warnings.map(({ path, line, message }) => [path, line, message])).toEqual([
    ["overlord.workflow.complexity_method", 5, "has no effect"],
    ["overlord.response.widgets", 6, "has no effect"],
    ["llm.settings.caching.p", 7, "has no effect"],
    ["a2a.inbound", 8, "has no effect"],
  ]);
  expect(warnings[3]?.hint).toBe("Other formations reach this one over HTTP or as an MCP server");
});

test("numbers where text is needed come with the remedy", async () => {
  const { errors } = await reportOf({ "formation.afs": manifest("version: 1.5") });
  expect(errors[0]).toMatchObject({ hint: "Write it in quotes", line: 4 });
});

test("older forms are read as today's, each with a warning", async () => {
  const files = {
    "formation.afs": manifest(`overlord:
  persona: A pirate
  llm: { model: openai/old, settings: { temperature: 0.1 }, extraction_model: openai/x }
logging: { enabled: true, streams: [{ transport: stdout }] }
user_credentials: { encryption_key: k }
agents: [a]
`),
    "agents/a.afs": agent(
      "a",
      `a2a_enabled: false
default: true
specialties: [apples]
specialization: { domain: fruit, keywords: [apples, pears] }
specialization_keywords: [plums]
llm: { settings: { temperature: 0.3 }, models: [{ text: openai/mine, settings: { max_tokens: 9 } }] }
knowledge: { files: [docs/x.md], auto_update: true }
`,
    ),
    "docs/x.md": "x",
  };
  const formation = await load(files);
  expect(formation.soul).toBe("A pirate");
  expect(formation.manifest).toMatchObject({
    overlord: { llm: { base: { model: "openai/old", settings: { temperature: 0.1 } } } },
    logging: { conversation: { enabled: true, streams: [{ transport: "stdout" }] } },
    user_credentials: { encryption: { key: "k" } },
  });
  expect(formation.agents[0]).toMatchObject({
    a2a: { internal: false, external: true },
    specialties: ["apples", "fruit", "pears", "plums"],
    llm_models: [{ capability: "text", model: "openai/mine", settings: { temperature: 0.3, max_tokens: 9 } }],
    knowledge: { sources: [{ path: "docs/x.md" }] },
  });
  const { warnings } = await reportOf(files);
  expect(warnings.map(({ path }) => path).sort()).toEqual([
    "a2a_enabled",
    "default",
    "knowledge.auto_update",
    "knowledge.files",
    "knowledge.sources[0].description",
    "llm.models",
    "llm.settings",
    "logging.enabled",
    "logging.streams",
    "overlord.llm.extraction_model",
    "overlord.llm.model",
    "overlord.llm.settings",
    "overlord.persona",
    "specialization",
    "specialization_keywords",
    "user_credentials.encryption_key",
  ]);
});

test("a field in its old and its new form is read in the new one", async () => {
  const { soul } = await load({ "formation.afs": manifest("overlord: { persona: Old, soul: New }") });
  expect(soul).toBe("New");
});
