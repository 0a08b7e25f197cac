import { readFile } from "node:fs/promises";
import path from "node:path";
import { openSecrets } from "@muxi/formation";
import { expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { framesOf, manifest, startFormation, writeFormation } from "./harness.ts";

const admin = { key: "admin" } as const;

const start = async (files: Record<string, string> = {}, secrets: Record<string, string> = {}) => {
  const dir = await writeFormation(files);
  const store = await openSecrets(dir);
  for (const [name, value] of Object.entries(secrets)) await store.set(name, value);
  return { dir, api: await startFormation(dir) };
};

test("secrets are listed masked, made once, changed, and removed unless they are in use", async () => {
  const value = "sk-1234567890-abcdefgh";
  const { dir, api } = await start(
    { "formation.afs": `${manifest}overlord:\n  soul: "Speak as \${{ secrets.VOICE }}"\n` },
    { VOICE: "a very old gardener" },
  );
  const create = { ...admin, body: { key: "open-ai key", value } };
  const created = await api.call("POST", "/secrets", create);
  expect([created.status, created.body.type]).toEqual([201, "secret.created"]);
  expect((await api.call("POST", "/secrets", create)).body.error.code).toBe("SECRET_EXISTS");

  const { body } = await api.get("/secrets", admin);
  expect(body.data).toEqual({ count: 2, secrets: { OPEN_AI_KEY: "sk-1...efgh", VOICE: "a ve...ener" } });
  expect(await readFile(path.join(dir, "secrets.enc"), "utf8")).not.toContain(value);

  const changed = { ...admin, body: { value: "another value" } };
  expect((await api.call("PUT", "/secrets/open_ai.key", changed)).status).toBe(200);
  expect((await openSecrets(dir)).get("OPEN_AI_KEY")).toBe("another value");
  const one = await api.get("/secrets/open_ai-key", admin);
  expect(one.body).toMatchObject({
    type: "secret.retrieved",
    data: { key: "OPEN_AI_KEY", value: "..." },
  });
  expect((await api.get("/secrets/none", admin)).body.error.code).toBe("SECRET_NOT_FOUND");
  expect((await api.call("PUT", "/secrets/none", changed)).body.type).toBe("secret.updated");
  expect((await openSecrets(dir)).get("NONE")).toBe("another value");
  expect((await api.call("DELETE", "/secrets/none", admin)).status).toBe(200);

  expect((await api.call("DELETE", "/secrets/voice", admin)).body.error.code).toBe("SECRET_IN_USE");
  expect((await api.call("DELETE", "/secrets/OPEN_AI_KEY", admin)).body.type).toBe("secret.deleted");
  expect((await api.call("DELETE", "/secrets/OPEN_AI_KEY", admin)).body.error.code).toBe("SECRET_NOT_FOUND");

  const other = await openSecrets(dir);
  await other.set("NEW", "brought in by hand");
  await other.set("VOICE", "a young gardener");
  const reloaded = await api.call("POST", "/secrets/reload", admin);
  expect(reloaded.body.data).toMatchObject({ added: ["NEW"], overwritten: ["VOICE"], preserved: [] });
  expect((await api.call("POST", "/secrets", { ...admin, body: { key: "--", value } })).status).toBe(422);
  expect((await api.get("/secrets", { key: "client" })).status).toBe(401);
});

test("of two that create a secret at once, one is told that it exists", async () => {
  const { api } = await start();
  const answers = await Promise.all(
    ["one", "two"].map((value) => api.call("POST", "/secrets", { ...admin, body: { key: "SAME", value } })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test("an unreadable secrets file is an error that holds no content", async () => {
  const { dir, api } = await start({}, { ONE: "value" });
  const { writeFile } = await import("node:fs/promises");
  await writeFile(path.join(dir, "secrets.enc"), "no token");
  const { body } = await api.call("POST", "/secrets", { ...admin, body: { key: "TWO", value: "x" } });
  expect(body.error).toMatchObject({ code: "SECRETS_ERROR" });
  expect(body.error.message).toContain("secrets.enc");
});

const configured = `${manifest}
llm:
  api_keys:
    openai: "\${{ secrets.OPENAI_API_KEY }}"
    anthropic: sk-ant-hard-coded-9876
  models:
    - text: builtin/extractive
async:
  webhook_url: "https://hooks.example/\${{ secrets.HOOK }}"
mcp:
  max_tool_calls: 7
  servers:
    - id: github
      description: Issues
      type: http
      endpoint: http://127.0.0.1:9/mcp
      headers: { authorization: "Bearer \${{ user.credentials.GitHub }}" }
logging:
  conversation:
    enabled: false
    streams:
      - transport: stream
        destination: "https://logs.example/\${{ secrets.HOOK }}"
        format: datadog_json
        auth: { type: bearer, token: hard-coded-token-1 }
`;

test("configuration is shown with defaults and without any value of a secret", async () => {
  const secrets = {
    OPENAI_API_KEY: "sk-proj-very-secret-0001",
    HOOK: "hook-path-very-secret-0002",
    USER_CREDENTIALS_GITHUB: "ghp_very-secret-0003",
  };
  const { api } = await start({ "formation.afs": configured }, secrets);
  const read = async (route: string) => (await api.get(route, admin)).body;
  const paths = [
    "/async",
    "/mcp",
    "/mcp/servers",
    "/mcp/servers/github",
    "/llm/settings",
    "/overlord",
    "/overlord/persona",
    "/overlord/soul",
    "/a2a",
    "/logging",
    "/logging/destinations",
    "/config",
    "/formation",
  ];
  const bodies = Object.fromEntries(
    await Promise.all(paths.map(async (route) => [route, await read(route)] as const)),
  );
  for (const [route, body] of Object.entries(bodies)) expect([route, body.success]).toEqual([route, true]);
  const everything = JSON.stringify(bodies);
  for (const value of [...Object.values(secrets), "hard-coded-9876", "hard-coded-token"]) {
    expect(everything).not.toContain(value);
  }

  expect(bodies["/async"].data).toMatchObject({
    webhook_url: "https://hooks.example/${{ secrets.HOOK }}",
    webhook_retries: 3,
  });
  expect(bodies["/llm/settings"].data).toMatchObject({
    api_keys: { openai: "${{ secrets.OPENAI_API_KEY }}", anthropic: "sk-a...9876" },
    models: [{ text: "builtin/extractive" }],
    settings: { temperature: 0.7, max_retries: 3 },
  });
  expect(bodies["/mcp"].data).toMatchObject({
    max_tool_calls: 7,
    max_tool_iterations: 10,
    enhance_user_prompts: true,
    servers: [{ id: "github" }],
  });
  expect(bodies["/mcp/servers"].data).toMatchObject({
    servers: [{ id: "github", status: { state: "starting", tools: [], unusable_tools: [] } }],
    count: 1,
  });
  expect(bodies["/overlord"].data).toMatchObject({
    persona: expect.any(String),
    response: { format: "markdown" },
    clarification: { style: "conversational" },
    workflow: { complexity_threshold: 7 },
  });
  expect(bodies["/overlord/soul"].data.soul).toBe(bodies["/overlord/persona"].data.persona);
  expect(bodies["/logging/destinations"].data).toMatchObject({
    system: { destination: "stdout" },
    conversation: {
      count: 1,
      destinations: [{ transport: "stream", level: "info", format: "datadog_json", enabled: false }],
    },
  });
  expect((await api.get("/mcp/servers/none", admin)).body.error.code).toBe("MCP_SERVER_NOT_FOUND");
  expect((await api.get("/credentials/services")).body.data).toMatchObject({
    count: 1,
    services: [{ service: "github", server_id: "github", description: "Issues" }],
  });
});

test("procedures and skills are read from their files", async () => {
  const { api } = await start({
    "formation.afs": `${manifest}skills: [pruning]\nagents: [grower]\n`,
    "agents/grower.afs": `schema: "1.0.0"\nid: grower\nname: Grower\ndescription: Grows\nskills: [grafting]\n`,
    "sops/winter/frost.md":
      "---\ntype: sop\nname: Frost alarm\ntags: frost\n---\n## Steps\n1. Read the forecast [agent:grower]\n2. Warn the staff [file:staff.md]\n\n## Notes\n3. nothing\n",
    "sops/readme.md": "Not a procedure",
    "sops/broken.md": "---\ntype: [\n---\n",
    "skills/pruning/SKILL.md": "---\nname: pruning\ndescription: How to prune\nlicense: MIT\n---\nCut.\n",
    "skills/pruning/scripts/cut.sh": "true",
    "skills/grafting/SKILL.md": "---\ndescription: How to graft\nallowed-tools: knife tape\n---\n",
  });
  expect((await api.get("/sops")).body.data).toEqual({
    count: 1,
    sops: [
      {
        name: "frost",
        title: "Frost alarm",
        type: "template",
        steps: 2,
        agents_used: ["grower"],
      },
    ],
  });
  expect((await api.get("/sops/frost")).body.data).toMatchObject({
    references: ["staff.md"],
    metadata: { tags: "frost" },
    content: expect.stringContaining("## Steps"),
  });
  expect((await api.get("/sops/readme")).body.error.code).toBe("SOP_NOT_FOUND");
  expect((await api.get("/skills")).body.data.skills).toEqual([
    { name: "pruning", description: "How to prune", scope: "public" },
  ]);
  expect((await api.get("/skills/pruning")).body.data).toMatchObject({
    license: "MIT",
    allowed_tools: null,
    resources: ["scripts/cut.sh"],
  });
  expect((await api.get("/skills/..%2F..")).body.error.code).toBe("RESOURCE_NOT_FOUND");
  expect((await api.get("/agents/grower/skills")).body.data).toMatchObject({
    agent_id: "grower",
    skills: [{ name: "pruning" }, { name: "grafting", scope: "private" }],
  });
});

test("changes with the admin key and refused calls are audited, without what was sent", async () => {
  const { api } = await start();
  const before = new Date().toISOString();
  await api.call("POST", "/secrets", { ...admin, body: { key: "TOKEN", value: "never-to-be-seen-1" } });
  await api.get("/secrets", { key: "admin", headers: { "X-Muxi-Admin-Key": "wrong-key-never-seen" } });
  await untilExpected("both changes are in the audit log", async () =>
    expect((await api.get("/audit", admin)).body.data.total_entries).toBe(2),
  );

  const { body } = await api.get("/audit", admin);
  expect(body.data).toMatchObject({
    limit: 100,
    entries: [
      { action: "auth.denied", resource_type: "secret", outcome: "denied" },
      { action: "secret.created", resource_type: "secret", outcome: "success", ip: expect.any(String) },
    ],
  });
  expect(JSON.stringify(body)).not.toContain("never");
  const count = async (query: string) => (await api.get(`/audit${query}`, admin)).body.data.total_entries;
  expect(await count("?action=auth.denied")).toBe(1);
  expect(await count(`?since=${before}&resource_type=secret&limit=1`)).toBe(2);
  expect(await count("?resource_type=agent")).toBe(0);
  expect(await count("?since=2100-01-01")).toBe(0);
  expect((await api.get("/audit?since=yesterday", admin)).body.error.code).toBe("INVALID_PARAMETER");

  expect((await api.call("DELETE", "/audit?confirm=yes", admin)).body.error.code).toBe("INVALID_REQUEST");
  const cleared = await api.call("DELETE", "/audit?confirm=clear-audit-log", admin);
  expect(cleared.body.data).toMatchObject({ previous_entries_count: 2, cleared_by: "admin" });
  expect((await api.get("/audit", admin)).body.data.entries).toMatchObject([{ action: "audit.cleared" }]);
});

test("the log stream shows the events that fit, and ends with the formation", async () => {
  const { api } = await start();
  expect((await api.get("/logs", admin)).body.error.code).toBe("INVALID_REQUEST");
  const frames = framesOf(await api.request("GET", "/logs?event_type=request.*&level=WARNING", admin));
  await api.get("/secrets", { key: "none", headers: { "X-Muxi-Request-ID": "req_mine" } });
  expect((await frames.next()).value).toMatchObject({
    event: "log",
    data: { event_type: "request.denied.auth", level: "WARNING", request_id: "req_mine", user_id: null },
  });
  await api.runtime.close(0);
  expect((await frames.next()).done).toBe(true);
});

test("calls are limited per user where the manifest says so", async () => {
  const { api } = await start({
    "formation.afs": `${manifest}server:\n  rate_limit: { requests_per_minute: 2 }\n`,
  });
  const statuses = [];
  for (let call = 0; call < 3; call++) statuses.push((await api.get("/sessions", { user: "ann" })).status);
  expect(statuses).toEqual([200, 200, 429]);
  const refused = await api.get("/sessions", { user: "ann" });
  expect(refused.body.error.code).toBe("RATE_LIMITED");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await api.get("/sessions", { user: "bob" })).status).toBe(200);
  expect((await api.get("/health", { key: "none" })).status).toBe(200);
});
