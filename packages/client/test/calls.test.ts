import { expect, test } from "vitest";
import { type ExclusionRule, FormationClient } from "../src/index.ts";
import { openStream, sendData, sendError, serve } from "./server.ts";

type Key = "client" | "admin" | "none";

/** Method and path below `/v1`, the one key that is sent, and the JSON body. */
type Row = [
  name: string,
  run: (formation: FormationClient) => PromiseLike<unknown>,
  request: string,
  key: Key,
  user?: string | undefined,
  body?: unknown,
];

const userId = "user_123";
// An ordinary array, as a program collects one.
const exclusionRules: ExclusionRule[] = [{ type: "cron", rule: "0 9 25 12 *" }];

// The calls of docs/spec/formation-api.md "Calls".
const rows: Row[] = [
  ["health", (f) => f.health(), "GET /health", "none"],
  ["getStatus", (f) => f.getStatus(), "GET /status", "admin"],
  ["getConfig", (f) => f.getConfig(), "GET /config", "admin"],
  ["getFormation", (f) => f.getFormation(), "GET /formation", "admin"],
  [
    "chat",
    (f) => f.chat({ message: "Hi", request_id: "r" }, { userId }),
    "POST /chat",
    "client",
    userId,
    { message: "Hi", request_id: "r", stream: false, threshold_seconds: 600 },
  ],
  [
    "chat in the background",
    (f) => f.chat({ message: "Hi", request_id: "r", mode: "async" }),
    "POST /chat",
    "client",
    undefined,
    { message: "Hi", request_id: "r", mode: "async", stream: false, threshold_seconds: 600 },
  ],
  [
    "audioChat",
    (f) => f.audioChat({ files: [], request_id: "r" }, { userId }),
    "POST /audiochat",
    "client",
    userId,
    { files: [], request_id: "r", stream: false },
  ],
  ["getRequests", (f) => f.getRequests({ userId }), "GET /requests", "client", userId],
  ["getRequests of everyone", (f) => f.getRequests(), "GET /requests", "admin"],
  [
    "getRequest",
    (f) => f.getRequest({ requestId: "req_1", userId }),
    "GET /requests/req_1",
    "client",
    userId,
  ],
  [
    "cancelRequest",
    (f) => f.cancelRequest({ requestId: "req_1", userId }),
    "DELETE /requests/req_1",
    "client",
    userId,
  ],
  [
    "answerRequest",
    (f) =>
      f.answerRequest({ requestId: "req_1", userId, interruptId: "int_1", action: "answer", value: "North" }),
    "POST /requests/req_1/answer",
    "client",
    userId,
    { interrupt_id: "int_1", action: "answer", value: "North" },
  ],
  [
    "getSessions",
    (f) => f.getSessions({ userId, limit: 5, activeOnly: true }),
    "GET /sessions?limit=5&active_only=true",
    "client",
    userId,
  ],
  ["getSession", (f) => f.getSession({ sessionId: "s", userId }), "GET /sessions/s", "client", userId],
  [
    "getSessionMessages",
    (f) => f.getSessionMessages({ sessionId: "s", userId, limit: 2, before: "2026-01-01T00:00:00Z" }),
    "GET /sessions/s/messages?limit=2&before=2026-01-01T00%3A00%3A00Z",
    "client",
    userId,
  ],
  [
    "restoreSession",
    (f) => f.restoreSession({ sessionId: "s", userId, messages: [] }),
    "POST /sessions/s/restore",
    "client",
    userId,
    { messages: [] },
  ],
  [
    "getSessionQueue",
    (f) => f.getSessionQueue({ sessionId: "s", userId }),
    "GET /sessions/s/queue",
    "client",
    userId,
  ],
  [
    "updateQueuedMessage",
    (f) => f.updateQueuedMessage({ sessionId: "s", requestId: "r", message: "Hi", userId }),
    "PATCH /sessions/s/queue/r",
    "client",
    userId,
    { message: "Hi" },
  ],
  [
    "deleteQueuedMessage",
    (f) => f.deleteQueuedMessage({ sessionId: "s", requestId: "r", userId }),
    "DELETE /sessions/s/queue/r",
    "client",
    userId,
  ],
  ["getMemoryConfig", (f) => f.getMemoryConfig(), "GET /memory", "admin"],
  ["getBufferStats", (f) => f.getBufferStats(), "GET /memory/stats", "admin"],
  [
    "getMemories",
    (f) => f.getMemories({ userId, limit: 20, scopes: ["user", "group"] }),
    "GET /memories?limit=20&scopes=user%2Cgroup",
    "client",
    userId,
  ],
  [
    "addMemory",
    (f) => f.addMemory({ userId, memType: "preference", detail: "Tea" }),
    "POST /memories",
    "client",
    userId,
    { type: "preference", detail: "Tea" },
  ],
  ["deleteMemory", (f) => f.deleteMemory({ userId, memoryId: "m" }), "DELETE /memories/m", "client", userId],
  [
    "getHistory",
    (f) => f.getHistory({ userId, dateFrom: "2026-01-01" }),
    "GET /history?date_from=2026-01-01",
    "client",
    userId,
  ],
  ["getUserBuffer", (f) => f.getUserBuffer({ userId }), "GET /memory/buffer", "client", userId],
  ["clearUserBuffer", (f) => f.clearUserBuffer({ userId }), "DELETE /memory/buffer", "client", userId],
  [
    "clearSessionBuffer",
    (f) => f.clearSessionBuffer({ userId, sessionId: "s" }),
    "DELETE /memory/buffer/s",
    "client",
    userId,
  ],
  ["clearAllBuffers", (f) => f.clearAllBuffers(), "DELETE /memory/buffer", "admin"],
  ["getSchedulerConfig", (f) => f.getSchedulerConfig(), "GET /scheduler", "admin"],
  ["getSchedulerJobs", (f) => f.getSchedulerJobs({ userId }), "GET /scheduler/jobs", "client", userId],
  [
    "createSchedulerJob",
    (f) => f.createSchedulerJob({ jobType: "prompt", schedule: "0 9 * * *", message: "Hi", userId }),
    "POST /scheduler/jobs",
    "admin",
    userId,
    { type: "prompt", schedule: "0 9 * * *", message: "Hi", user_id: userId },
  ],
  [
    "createSchedulerJob with times at which it does not run",
    (f) => f.createSchedulerJob({ jobType: "prompt", schedule: "0 9 * * *", message: "Hi", exclusionRules }),
    "POST /scheduler/jobs",
    "admin",
    undefined,
    { type: "prompt", schedule: "0 9 * * *", message: "Hi", exclusion_rules: exclusionRules },
  ],
  ["getSchedulerJob", (f) => f.getSchedulerJob({ jobId: "j" }), "GET /scheduler/jobs/j", "admin"],
  ["deleteSchedulerJob", (f) => f.deleteSchedulerJob({ jobId: "j" }), "DELETE /scheduler/jobs/j", "admin"],
  ["getTriggers", (f) => f.getTriggers(), "GET /triggers", "client"],
  ["getTrigger", (f) => f.getTrigger({ name: "t" }), "GET /triggers/t", "client"],
  [
    "fireTrigger",
    (f) => f.fireTrigger({ name: "t", data: { a: 1 }, userId }),
    "POST /triggers/t",
    "client",
    userId,
    { data: { a: 1 }, use_async: false },
  ],
  ["getSops", (f) => f.getSops(), "GET /sops", "client"],
  ["getSop", (f) => f.getSop({ name: "s" }), "GET /sops/s", "client"],
  ["getAsyncConfig", (f) => f.getAsyncConfig(), "GET /async", "admin"],
  ["getAgents", (f) => f.getAgents(), "GET /agents", "admin"],
  ["getAgent", (f) => f.getAgent({ agentId: "a" }), "GET /agents/a", "admin"],
  ["getMcpConfig", (f) => f.getMcpConfig(), "GET /mcp", "admin"],
  ["getMcpServers", (f) => f.getMcpServers(), "GET /mcp/servers", "admin"],
  ["getMcpServer", (f) => f.getMcpServer({ serverId: "s" }), "GET /mcp/servers/s", "admin"],
  ["getMcpTools", (f) => f.getMcpTools(), "GET /mcp/tools", "admin"],
  ["getSecrets", (f) => f.getSecrets(), "GET /secrets", "admin"],
  [
    "setSecret",
    (f) => f.setSecret({ key: "K", value: "v" }),
    "POST /secrets",
    "admin",
    undefined,
    { key: "K", value: "v" },
  ],
  ["deleteSecret", (f) => f.deleteSecret({ key: "K" }), "DELETE /secrets/K", "admin"],
  ["reloadSecrets", (f) => f.reloadSecrets(), "POST /secrets/reload", "admin"],
  ["getLlmSettings", (f) => f.getLlmSettings(), "GET /llm/settings", "admin"],
  ["getOverlordConfig", (f) => f.getOverlordConfig(), "GET /overlord", "admin"],
  ["getOverlordPersona", (f) => f.getOverlordPersona(), "GET /overlord/persona", "admin"],
  ["getA2aConfig", (f) => f.getA2aConfig(), "GET /a2a", "admin"],
  ["getLoggingConfig", (f) => f.getLoggingConfig(), "GET /logging", "admin"],
  ["getLoggingDestinations", (f) => f.getLoggingDestinations(), "GET /logging/destinations", "admin"],
  ["getApprovals", (f) => f.getApprovals({ userId }), "GET /approvals", "client", userId],
  [
    "revokeApproval",
    (f) => f.revokeApproval({ server: "ledger", tool: "note", sessionId: "s1", userId }),
    "DELETE /approvals/ledger/note?session_id=s1",
    "client",
    userId,
  ],
  ["getCredentialServices", (f) => f.getCredentialServices(), "GET /credentials/services", "client"],
  ["getCredentials", (f) => f.getCredentials({ userId }), "GET /credentials", "client", userId],
  [
    "createCredential",
    (f) => f.createCredential({ service: "github", credential: { token: "x" }, userId }),
    "POST /credentials",
    "client",
    userId,
    { service: "github", credential: { token: "x" } },
  ],
  [
    "getCredential",
    (f) => f.getCredential({ credentialId: "c", userId }),
    "GET /credentials/c",
    "client",
    userId,
  ],
  [
    "deleteCredential",
    (f) => f.deleteCredential({ credentialId: "c", userId }),
    "DELETE /credentials/c",
    "client",
    userId,
  ],
  [
    "getUserIdentifiers",
    (f) => f.getUserIdentifiers({ muxiUserId: "usr_1" }),
    "GET /users/identifiers/usr_1",
    "client",
  ],
  [
    "addUserIdentifiers",
    (f) => f.addUserIdentifiers({ muxiUserId: "usr_1", identifiers: ["a@b.c", ["42", "slack"]] }),
    "POST /users/identifiers",
    "client",
    undefined,
    { muxi_user_id: "usr_1", identifiers: ["a@b.c", ["42", "slack"]] },
  ],
  [
    "deleteUserIdentifier",
    (f) => f.deleteUserIdentifier({ identifier: "a/b@c" }),
    "DELETE /users/identifiers/a%2Fb%40c",
    "client",
  ],
  ["resolveUser", (f) => f.resolveUser({ identifier: "a@b.c" }), "GET /users/a%40b.c", "client"],
  [
    "resolveUser that makes one",
    (f) => f.resolveUser({ identifier: "a@b.c", identifierType: "email", createUser: true }),
    "POST /users/resolve",
    "client",
    undefined,
    { identifier: "a@b.c", identifier_type: "email" },
  ],
  [
    "getAuditLog",
    (f) => f.getAuditLog({ limit: 5, resourceType: "secret" }),
    "GET /audit?limit=5&resource_type=secret",
    "admin",
  ],
  [
    "getUsage",
    (f) => f.getUsage({ from: "2026-11-01", groupBy: "model,day" }),
    "GET /usage?from=2026-11-01&group_by=model%2Cday",
    "admin",
  ],
  ["clearAuditLog", (f) => f.clearAuditLog(), "DELETE /audit?confirm=clear-audit-log", "admin"],
  [
    "sendNotification",
    (f) => f.sendNotification({ userId, message: "Hi" }),
    "POST /notifications",
    "client",
    undefined,
    { user_id: userId, message: "Hi" },
  ],
  [
    "ingestMemories",
    (f) => f.ingestMemories({ items: [{ content: "Tea", source: "crm" }], userId }),
    "POST /memories/batch",
    "client",
    userId,
    { items: [{ content: "Tea", source: "crm" }] },
  ],
  [
    "getIngestion",
    (f) => f.getIngestion({ processingId: "p", userId }),
    "GET /memories/ingestion/p",
    "client",
    userId,
  ],
  [
    "rebuildMemory",
    (f) => f.rebuildMemory({ userId, dryRun: true }),
    "POST /memory/rebuild",
    "admin",
    undefined,
    { user_id: userId, dry_run: true },
  ],
  ["getMemoryRebuild", (f) => f.getMemoryRebuild({ jobId: "j" }), "GET /memory/rebuild/j", "admin"],
  [
    "backfillMemory",
    (f) => f.backfillMemory({ userId }),
    "POST /memory/backfill",
    "admin",
    undefined,
    { user_id: userId },
  ],
  [
    "forgetSource",
    (f) => f.forgetSource({ userId, source: "crm", rebuild: false }),
    "POST /memory/forget",
    "admin",
    undefined,
    { user_id: userId, source: "crm", rebuild: false },
  ],
  ["lintMemory", (f) => f.lintMemory(), "POST /memory/lint", "admin", undefined, {}],
  ["getTuning", (f) => f.getTuning(), "GET /tuning", "admin"],
  [
    "setTuning",
    (f) => f.setTuning({ content: "Be brief" }),
    "POST /tuning",
    "admin",
    undefined,
    { content: "Be brief" },
  ],
  ["runTuning", (f) => f.runTuning(), "POST /tuning/run", "admin"],
  ["getSkills", (f) => f.getSkills(), "GET /skills", "client"],
  ["getSkills of an agent", (f) => f.getSkills({ agentId: "a" }), "GET /agents/a/skills", "client"],
  ["getSkill", (f) => f.getSkill({ name: "s" }), "GET /skills/s", "client"],
  ["getArtifacts", (f) => f.getArtifacts({ userId, limit: 3 }), "GET /artifacts?limit=3", "client", userId],
  ["getArtifact", (f) => f.getArtifact({ artifactId: "a", userId }), "GET /artifacts/a", "client", userId],
  [
    "getArtifactContent",
    (f) => f.getArtifactContent({ artifactId: "a", version: 2, userId }),
    "GET /artifacts/a/content?version=2",
    "client",
    userId,
  ],
  [
    "getArtifactVersions",
    (f) => f.getArtifactVersions({ artifactId: "a", userId }),
    "GET /artifacts/a/versions",
    "client",
    userId,
  ],
  ["getKnowledge", (f) => f.getKnowledge(), "GET /knowledge", "admin"],
  [
    "getKnowledgeDocuments",
    (f) => f.getKnowledgeDocuments({ agentId: "a", state: "unread" }),
    "GET /agents/a/knowledge?state=unread",
    "admin",
  ],
  [
    "searchKnowledge",
    (f) => f.searchKnowledge({ agentId: "a", query: "Why?", limit: 2 }),
    "GET /agents/a/knowledge/search?query=Why%3F&limit=2",
    "admin",
  ],
  [
    "syncKnowledge",
    (f) => f.syncKnowledge({ agentId: "a" }),
    "POST /agents/a/knowledge/sync",
    "admin",
    undefined,
    {},
  ],
  [
    "rebuildKnowledge",
    (f) => f.rebuildKnowledge({ agentId: "a" }),
    "POST /knowledge/rebuild",
    "admin",
    undefined,
    { agent_id: "a" },
  ],
];

test.each(rows)("%s", async (_, run, request, key, user, body) => {
  const server = await serve((_, response) => sendData(response, { memories: [], messages: [] }));
  await run(new FormationClient({ url: server.url, clientKey: "ck", adminKey: "ak" }));
  const [sent] = server.received;
  expect(`${sent?.method} ${sent?.url}`).toBe(request.replace(" /", " /v1/"));
  expect(sent?.headers["x-muxi-client-key"]).toBe(key === "client" ? "ck" : undefined);
  expect(sent?.headers["x-muxi-admin-key"]).toBe(key === "admin" ? "ak" : undefined);
  expect(sent?.headers["x-muxi-user-id"]).toBe(user);
  expect(sent?.body === "" ? undefined : JSON.parse(sent?.body ?? "")).toEqual(body);
});

test("unwraps the envelope, adding the ids of the answer that its data lacks", async () => {
  const server = await serve((_, response) => sendData(response, { status: "healthy", request_id: null }));
  expect(await new FormationClient({ url: server.url }).health()).toEqual({
    status: "healthy",
    request_id: "req_server",
    timestamp: 1_700_000_000_000,
    idempotency_key: null,
  });
});

test("an answer of 200 that says success: false is an error", async () => {
  const server = await serve((_, response) => sendError(response, 200, "RESOURCE_NOT_FOUND"));
  await expect(new FormationClient({ url: server.url }).health()).rejects.toMatchObject({
    code: "RESOURCE_NOT_FOUND",
    statusCode: 200,
  });
});

test("an error of the proxy has its message and the code of its status", async () => {
  const server = await serve((_, response) => {
    response.writeHead(503, { "content-type": "application/json" });
    response.end('{"error":"Formation unavailable","message":"my-bot is starting","code":503}');
  });
  const formation = new FormationClient({ serverUrl: server.url, formationId: "my-bot" });
  await expect(formation.health()).rejects.toMatchObject({
    name: "ServerError",
    code: "SERVER_ERROR",
    message: "my-bot is starting",
    statusCode: 503,
  });
});

test("getAgents gives the agents themselves", async () => {
  const server = await serve((_, response) => sendData(response, { agents: [{ id: "hello" }], count: 1 }));
  const ids: string[] = [];
  for (const agent of await new FormationClient({ url: server.url, adminKey: "ak" }).getAgents())
    ids.push(agent.id);
  expect(ids).toEqual(["hello"]);
});

test("iterating messages reads every page, from the newest message to the oldest", async () => {
  const all = ["a", "b", "c", "d", "e"].map((content, index) => ({
    content,
    timestamp: `2026-01-0${index + 1}`,
  }));
  const server = await serve(({ url }, response) => {
    const before = new URL(url, "http://x").searchParams.get("before") ?? "9999";
    const older = all.filter(({ timestamp }) => timestamp < before);
    sendData(response, { messages: older.slice(-2), has_more: older.length > 2 });
  });
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId });
  const contents: string[] = [];
  for await (const message of formation.getSessionMessages({ sessionId: "s", limit: 2 }))
    contents.push(message.content);
  expect(contents).toEqual(["e", "d", "c", "b", "a"]);
  expect(server.received).toHaveLength(3);
});

test("iterating memories reads every page", async () => {
  const server = await serve(({ url }, response) => {
    const { searchParams } = new URL(url, "http://x");
    const offset = Number(searchParams.get("offset"));
    const memories = Array.from({ length: Math.min(2, 5 - offset) }, (_, index) => ({
      id: `m${offset + index}`,
    }));
    sendData(response, { memories, count: memories.length });
  });
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId });
  const ids: string[] = [];
  for await (const memory of formation.getMemories({ limit: 2 })) ids.push(memory.id);
  expect(ids).toEqual(["m0", "m1", "m2", "m3", "m4"]);
});

test("a list that is awaited twice is loaded once, and fails as any promise", async () => {
  const server = await serve(({ url }, response) => {
    if (url.includes("limit=5")) sendError(response, 500, "INTERNAL_ERROR");
    else sendData(response, { memories: [{ id: "m" }], count: 1 });
  });
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId });
  const list = formation.getMemories();
  expect(server.received).toEqual([]);
  const ended: string[] = [];
  const pages = await Promise.all([list, list, list.finally(() => void ended.push("first"))]);
  expect(pages.map(({ memories }) => memories[0]?.id)).toEqual(["m", "m", "m"]);
  expect(server.received).toHaveLength(1);

  const failed = formation.getMemories({ limit: 5 }).finally(() => void ended.push("second"));
  expect(await failed.catch((error) => error)).toMatchObject({ code: "INTERNAL_ERROR" });
  expect(ended).toEqual(["first", "second"]);
});

test("setSecret changes a secret that exists", async () => {
  const server = await serve(({ method }, response) => {
    if (method === "POST") sendError(response, 409, "SECRET_EXISTS");
    else sendData(response, { message: "changed" });
  });
  const formation = new FormationClient({ url: server.url, adminKey: "ak" });
  expect((await formation.setSecret({ key: "a/b", value: "v" })).message).toBe("changed");
  expect(server.received[1]).toMatchObject({
    method: "PUT",
    url: "/v1/secrets/a%2Fb",
    body: '{"value":"v"}',
  });
});

test("updateMemory takes the end of a memory's life away with null", async () => {
  const server = await serve((_, response) => sendData(response, { id: "mem_1" }));
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId: "ann" });
  await formation.updateMemory({ memoryId: "mem_1", ttl: null });
  expect(server.received[0]).toMatchObject({
    method: "PATCH",
    url: "/v1/memories/mem_1",
    body: '{"ttl":null}',
  });
});

test("getSecret finds a secret under any spelling of its name", async () => {
  let isOther = false;
  const server = await serve(({ url }, response) => {
    if (isOther && url !== "/v1/secrets") return sendError(response, 405, "METHOD_NOT_ALLOWED");
    sendData(
      response,
      isOther ? { secrets: { API_KEY: "sk-…abc" }, count: 1 } : { key: "K", value: "sk-…1" },
    );
  });
  const formation = new FormationClient({ url: server.url, adminKey: "ak" });
  expect(await formation.getSecret({ key: "api-key" })).toBe("sk-…1");
  expect(server.received[0]?.url).toBe("/v1/secrets/api-key");
  isOther = true;
  expect(await formation.getSecret({ key: "api-key" })).toBe("sk-…abc");
  await expect(formation.getSecret({ key: "other" })).rejects.toMatchObject({ name: "NotFoundError" });
});

test("events and log lines are followed until the server closes, and errors among them thrown", async () => {
  const server = await serve(({ url }, response) => {
    openStream(response);
    response.write(`: keepalive\n\ndata: {"type":"chat.started","message":"${url}"}\n\n`);
    if (url.includes("logs")) response.write('event: error\ndata: {"error":true,"message":"too much"}\n\n');
    response.end();
  });
  const formation = new FormationClient({ url: server.url, clientKey: "ck", adminKey: "ak" });
  const seen: string[] = [];
  for await (const event of formation.streamEvents({ userId })) seen.push(event.message);
  for await (const event of formation.streamEvents({ userId, sessionId: "s" })) seen.push(event.message);
  const logs = async () => {
    for await (const entry of formation.streamLogs({ level: "ERROR" })) seen.push(entry.message ?? "");
  };
  await expect(logs()).rejects.toMatchObject({ code: "STREAM_ERROR", message: "too much" });
  expect(seen).toEqual(["/v1/events", "/v1/events/s", "/v1/logs?level=ERROR"]);
});

test("watching a request does not stop it", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.write('data: {"type":"stream_open","session_id":"s","request_id":"r"}\n\n');
  });
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId });
  for await (const event of formation.streamRequest({ sessionId: "s", requestId: "r" })) {
    expect(event).toMatchObject({ type: "unknown", kind: "stream_open" });
    break;
  }
  expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /v1/events/s/r"]);
});

test("hooks see every attempt, and headers of the caller are passed on", async () => {
  const server = await serve((_, response) => {
    if (server.received.length === 1) sendError(response, 503, "SERVICE_UNAVAILABLE", { "retry-after": "0" });
    else sendData(response, { status: "healthy" });
  });
  const seen: string[] = [];
  const formation = new FormationClient({
    url: server.url,
    headers: { "x-app": "test" },
    hooks: {
      onRequest: ({ method, attempt }) => seen.push(`request ${method} ${attempt}`),
      onResponse: ({ status, attempt }) => seen.push(`response ${status} ${attempt}`),
      onRetry: ({ error, delay }) => seen.push(`retry ${error.code} ${delay}`),
    },
  });
  await formation.health({ maxRetries: 1, headers: { traceparent: "00-1-2-01" } });
  expect(seen).toEqual([
    "request GET 1",
    "response 503 1",
    "retry SERVICE_UNAVAILABLE 0",
    "request GET 2",
    "response 200 2",
  ]);
  expect(server.received[1]?.headers).toMatchObject({ traceparent: "00-1-2-01", "x-app": "test" });
});
