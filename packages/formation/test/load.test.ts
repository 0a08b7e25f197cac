import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environmentOf, FormationError, formatReport, loadFormation, openFormation } from "../src/index.ts";
import { agent, brief, folder, load, manifest, reportOf, server } from "./folder.ts";

test("the smallest formation loads, with defaults and the built-in agent", async () => {
  const dir = await folder({ "formation.afs": manifest() });
  const { formation, report } = await loadFormation(dir);
  expect(report.errors).toEqual([]);
  expect(formation).toMatchObject({
    dir,
    manifestFile: "formation.afs",
    id: "my-bot",
    name: "my-bot",
    description: "A bot for tests",
    version: "0.0.0",
    mcpServers: [],
    secretNames: [],
    usedSecrets: [],
    soul: expect.stringMatching(/\w/),
    manifest: {
      server: { access_log: false, api_keys: {} },
      input_limits: { max_message_length: 100_000 },
      llm: { settings: { temperature: 0.7, max_tokens: 4096, timeout_seconds: 30, max_retries: 3 } },
      memory: { buffer: { size: 10, multiplier: 10 }, persistent: { enabled: true } },
      overlord: { response: { format: "markdown", streaming: false } },
      async: { threshold_seconds: 30, webhook_retries: 3 },
      scheduler: { enabled: true, timezone: "UTC" },
      mcp: { default_retry_attempts: 3, default_timeout_seconds: 30 },
      retention: { requests: 86_400_000, deliveries: 604_800_000 },
    },
  });
  expect(formation?.agents.map(({ id }) => id)).toEqual(["muxi-generalist"]);
});

test("variables that a formation may read are keys of its providers, and what its files refer to", async () => {
  const dir = await folder({
    "formation.afs": manifest(
      "llm: { models: [{ text: acme-ai/large, settings: { base_url: http://acme.example } }] }",
    ),
    "agents/one.afs": agent("one").replace(
      /description: .*/,
      "description: In ${{ env.REGION }}, ${{ env.PATH }}",
    ),
  });
  const env = {
    REGION: "eu",
    PATH: "/bin",
    ACME_AI_API_KEY: "a",
    GEMINI_API_KEY: "g",
    STRIPE_API_KEY: "s",
    OTEL_SERVICE_NAME: "o",
  };
  const formation = await openFormation(dir, { env });
  const expected = { REGION: "eu", ACME_AI_API_KEY: "a", GEMINI_API_KEY: "g", OTEL_SERVICE_NAME: "o" };
  expect(environmentOf(formation, env)).toEqual(expected);
});

test("a manifest's values win over defaults, and unknown fields stay", async () => {
  const {
    manifest: loaded,
    name,
    version,
  } = await load({
    "formation.afs": manifest(
      'name: My Bot\nversion: "2.1.0"\nserver: { port: 9000 }\nmemory: { buffer: { size: 3 }, persistent: false }\nfuture: { thing: 1 }\nllm:\n',
    ),
  });
  expect({ name, version }).toEqual({ name: "My Bot", version: "2.1.0" });
  expect(loaded.server.port).toBe(9000);
  expect(loaded.memory.buffer).toMatchObject({ size: 3, multiplier: 10 });
  expect(loaded.memory.persistent.enabled).toBe(false);
  expect(loaded.scheduler.enabled).toBe(false);
  expect(loaded).toMatchObject({ future: { thing: 1 } });
});

test.each([
  [["formation.afs", "formation.yaml", "formation.yml"], "formation.afs"],
  [["formation.yaml", "formation.yml"], "formation.yaml"],
  [["formation.yml"], "formation.yml"],
])("of %j the manifest is %s", async (names, chosen) => {
  const files = Object.fromEntries(names.map((name) => [name, manifest(`name: ${name}`)]));
  expect(await load(files)).toMatchObject({ manifestFile: chosen, name: chosen });
});

test("a manifest's own path means its folder", async () => {
  const dir = await folder({ "formation.afs": manifest("agents: [a]"), "agents/a.afs": agent("a") });
  expect((await openFormation(join(dir, "formation.afs"))).agents).toMatchObject([{ id: "a" }]);
});

test.each([
  ["bot.yaml", manifest("agents: [{ id: inline, name: I, description: Inline }]")],
  [
    "bot.json",
    JSON.stringify(
      {
        schema: "1.0.0",
        id: "my-bot",
        description: "d",
        agents: [{ id: "inline", name: "I", description: "Inline" }],
      },
      null,
      "\t",
    ),
  ],
])("a flattened %s holds everything, and the folders beside it do not count", async (name, text) => {
  const dir = await folder({ [name]: text, "agents/a.afs": agent("a"), "SOUL.md": "Not mine" });
  const formation = await openFormation(join(dir, name));
  expect(formation.agents.map(({ id }) => id)).toEqual(["inline"]);
  expect(formation.soul).not.toBe("Not mine");
});

test.each([
  [{ "SOUL.md": "From the file\n" }, "From the file"],
  [{}, "From the field"],
])("the soul comes from the file before the field", async (files, soul) => {
  const formation = await load({ "formation.afs": manifest("overlord: { soul: From the field }"), ...files });
  expect(formation.soul).toBe(soul);
});

test("a path that is no formation says so", async () => {
  const dir = await folder({ "notes.txt": "just text", "empty/.keep": "" });
  const messageOf = async (path: string) => brief((await loadFormation(path)).report.errors)[0];
  expect(await messageOf(join(dir, "missing"))).toBe(`${join(dir, "missing")}: does not exist`);
  expect(await messageOf(join(dir, "empty"))).toContain(
    "is not a formation: it contains no formation.afs, formation.yaml, formation.yml",
  );
  expect(await messageOf(join(dir, "notes.txt"))).toBe("notes.txt: must be a mapping of fields");
  expect(await messageOf("/dev/null")).toContain("is neither a folder nor a file");
});

test.each([
  ["bad indentation", "schema: x\n  id: y\n", 1, "not valid YAML at line 1"],
  ["an open bracket", `${manifest()}agents: [a\n`, 5, "not valid YAML at line 5, column 1"],
  ["two documents", `${manifest()}---\nid: other\n`, 4, "more than one document"],
  ["a stray bracket", `${manifest()}key: "hidden" ]hidden\n`, 4, "not valid YAML at line 4"],
])("%s is an error with its line, and does not quote the text", async (_, text, line, message) => {
  const report = await reportOf({ "formation.afs": text });
  expect(report.errors).toMatchObject([
    { file: "formation.afs", message: expect.stringContaining(message), line },
  ]);
  expect(JSON.stringify(report)).not.toContain("hidden");
});

test.each([
  ["a list", "- a\n", "must be a mapping"],
  ["nothing", "", "must be a mapping"],
  ["an alias within itself", `${manifest()}loop: &a [*a]\n`, "nested deeper"],
  ["an unknown alias", `${manifest()}x: *nobody\n`, "nobody"],
  ["a file of 6 MB", `${manifest()}# ${"x".repeat(6 * 1024 * 1024)}\n`, "larger than 5 MB"],
])("%s is no manifest", async (_, text, message) => {
  const report = await reportOf({ "formation.afs": text });
  expect(report.errors).toMatchObject([{ file: "formation.afs", message: expect.stringContaining(message) }]);
});

test("links out of the folder are not followed", async () => {
  const outside = await folder({
    "formation.afs": manifest(),
    "agents/a.afs": agent("a"),
    "SOUL.md": "Foreign",
  });
  const dir = await folder({ "formation.afs": manifest() });
  await symlink(join(outside, "agents"), join(dir, "agents"));
  await symlink(join(outside, "SOUL.md"), join(dir, "SOUL.md"));
  const formation = await openFormation(dir);
  expect(formation.agents.map(({ id }) => id)).toEqual(["muxi-generalist"]);
  expect(formation.soul).not.toBe("Foreign");

  await mkdir(join(dir, "mcp"));
  await symlink(join(outside, "agents/a.afs"), join(dir, "mcp/a.afs"));
  expect(brief((await loadFormation(dir)).report.warnings)).toEqual([
    "mcp/a.afs: does not exist, or is a link to something outside the formation folder",
  ]);

  const linked = await folder({});
  await symlink(join(outside, "formation.afs"), join(linked, "formation.afs"));
  expect(brief((await loadFormation(linked)).report.errors)[0]).toContain("link to something outside");
});

test("links within the folder are followed", async () => {
  const dir = await folder({ "formation.afs": manifest("agents: [a]"), "shared/a.afs": agent("a") });
  await mkdir(join(dir, "agents"));
  await symlink(join(dir, "shared/a.afs"), join(dir, "agents/a.afs"));
  expect((await openFormation(dir)).agents).toMatchObject([{ id: "a" }]);
});

test("the error of openFormation names file, line, field, message and remedy", async () => {
  const dir = await folder({
    "formation.afs": manifest("agents: [ghost]\nllm: { settings: { temperature: 9 } }\n"),
    "agents/a.afs": agent("a"),
  });
  const failure = await openFormation(dir).catch((error: unknown) => error);
  if (!(failure instanceof FormationError)) throw new Error("expected a FormationError");
  expect(failure.report.errors).toHaveLength(2);
  expect(failure.message).toBe(
    [
      `Formation at ${dir} cannot be loaded`,
      "Found 2 error(s)",
      "  formation.afs:5 → llm.settings.temperature",
      "    must be at most 2",
      "  formation.afs:4 → agents[0]",
      "    names the agent ghost, which does not exist",
      "    Available: a",
    ].join("\n"),
  );
});

test("a report in order says nothing, and lists have their headings", async () => {
  expect(formatReport({ errors: [], warnings: [], suggestions: [] })).toEqual([]);
  const report = await reportOf({ "formation.afs": manifest("observability: {}") });
  expect(formatReport(report)).toEqual([
    "Found 1 warning(s)",
    "  formation.afs:4 → observability",
    "    is no longer used and is ignored",
    "    Remove it",
    "Found 2 suggestion(s)",
    "  formation.afs → server.api_keys",
    "    lacks client_key or admin_key, so the missing key is generated",
    "    Set both before you deploy",
    "  formation.afs → llm.models",
    "    names no text model, so the runtime's default model answers",
    "    For example: - text: openai/gpt-4o-mini",
  ]);
});

test("loading changes nothing on disk", async () => {
  const dir = await folder({ "formation.afs": manifest(), "mcp/s.afs": server("s") });
  await loadFormation(dir);
  expect((await readdir(dir)).sort()).toEqual(["formation.afs", "mcp"]);
});
