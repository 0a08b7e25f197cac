// biome-ignore lint/style/noRestrictedImports: this test holds the client against the one route table.
import { type Route, type RouteId, routes } from "@muxi/protocol";
import { expect, test } from "vitest";
import { FormationClient } from "../src/index.ts";
import { createTestServer } from "../src/testing.ts";

const userId = "user_123";
const at = "2026-01-01T00:00:00Z";
const key = "1700000000000-1";

/** Deprecated in the wire, and the same as another row. */
type Deprecated = "getBuffers" | "clearBuffers";

type Call = (formation: FormationClient) => PromiseLike<unknown>;

/** The client's call for each row of the route table, with every argument that it takes. */
const calls: Record<Exclude<RouteId, Deprecated>, Call> = {
  getHealth: (f) => f.system.health(),
  getStatus: (f) => f.system.status(),
  getConfig: (f) => f.system.config(),
  getFormation: (f) => f.system.formation(),
  getAsyncConfig: (f) => f.settings.async(),
  getMcpConfig: (f) => f.mcp.config(),
  getMcpServers: (f) => f.mcp.servers.list(),
  getMcpServer: (f) => f.mcp.servers.get({ serverId: "s" }),
  getMcpTools: (f) => f.mcp.tools(),
  getLlmSettings: (f) => f.settings.llm(),
  getOverlordConfig: (f) => f.settings.overlord(),
  getOverlordPersona: (f) => f.settings.persona(),
  getOverlordSoul: (f) => f.settings.soul(),
  getA2aConfig: (f) => f.settings.a2a(),
  getLoggingConfig: (f) => f.settings.logging(),
  getLoggingDestinations: (f) => f.settings.loggingDestinations(),
  getSecrets: (f) => f.secrets.list(),
  createSecret: (f) => f.secrets.set({ key: "K", value: "v" }),
  reloadSecrets: (f) => f.secrets.reload(),
  getSecret: (f) => f.secrets.get({ key: "K" }),
  updateSecret: (f) => f.secrets.set({ key: "K", value: "v" }),
  deleteSecret: (f) => f.secrets.delete({ key: "K" }),
  getSops: (f) => f.sops.list(),
  getSop: (f) => f.sops.get({ name: "s" }),
  getSkills: (f) => f.skills.list(),
  getSkill: (f) => f.skills.get({ name: "s" }),
  getAgentSkills: (f) => f.skills.list({ agentId: "a" }),
  resolveUser: (f) => f.users.resolve({ identifier: "a@b.c", identifierType: "email", createUser: true }),
  addUserIdentifiers: (f) =>
    f.users.addIdentifiers({ muxiUserId: "usr_0123456789ab", identifiers: ["a@b.c"] }),
  getUserIdentifiers: (f) => f.users.identifiers({ muxiUserId: "usr_0123456789ab" }),
  deleteUserIdentifier: (f) => f.users.deleteIdentifier({ identifier: "a@b.c" }),
  getAllUserIdentifiers: (f) => f.users.allIdentifiers({ limit: 5, before: key }),
  exportUser: (f) => f.users.export({ identifier: "a@b.c" }),
  deleteUser: (f) => f.users.delete({ identifier: "a@b.c" }),
  lookUpUser: (f) => f.users.resolve({ identifier: "a@b.c" }),
  getApprovals: (f) => f.approvals.list({ userId }),
  revokeApproval: (f) => f.approvals.revoke({ userId, server: "ledger", tool: "note", sessionId: "s1" }),
  getCredentialServices: (f) => f.credentials.services(),
  getCredentials: (f) => f.credentials.list({ userId }),
  createCredential: (f) =>
    f.credentials.create({ userId, service: "github", credential: { token: "x" }, name: "mine" }),
  getCredential: (f) => f.credentials.get({ userId, credentialId: "c" }),
  deleteCredential: (f) => f.credentials.delete({ userId, credentialId: "c" }),
  getUsage: (f) => f.getUsage({ from: at, to: at, groupBy: "user,agent,model,day" }),
  getAuditLog: (f) =>
    f.audit.list({ limit: 5, before: key, action: "secret.created", resourceType: "secret", since: at }),
  clearAuditLog: (f) => f.audit.clear(),
  streamLogs: (f) =>
    f.logs
      .stream({ userId, sessionId: "s", requestId: "r", agentId: "a", level: "ERROR", eventType: "model.*" })
      .next(),
  getAgents: (f) => f.agents.list(),
  getAgent: (f) => f.agents.get({ agentId: "a" }),
  getKnowledge: (f) => f.knowledge.status(),
  getKnowledgeDocuments: (f) =>
    f.knowledge.documents({ agentId: "a", state: "unread", limit: 5, before: key }),
  searchKnowledge: (f) => f.knowledge.search({ agentId: "a", query: "When?", limit: 3 }),
  syncKnowledge: (f) => f.knowledge.sync({ agentId: "a", sourceId: "s", wait: false }),
  rebuildKnowledge: (f) => f.knowledge.rebuild({ agentId: "a", sourceId: "s", wait: true }),
  getKnowledgePassage: (f) => f.knowledge.passage({ agentId: "a", passageId: "cit_1" }),
  chat: (f) => f.chatStream({ message: "Hi" }, { userId }).next(),
  audioChat: (f) =>
    f.audio.chat(
      {
        files: [{ filename: "a", content: "YQ==", content_type: "audio/wav" }],
        session_id: "s",
        request_id: "r",
        agent_id: "a",
      },
      { userId },
    ),
  getDeliveries: (f) => f.deliveries.list({ status: "failed", requestId: "r", limit: 5, before: key }),
  getRequests: (f) => f.requests.list({ userId, waiting: true, limit: 5, before: key }),
  getRequest: (f) => f.requests.get({ userId, requestId: "r" }),
  answerRequest: (f) =>
    f.requests.answer({
      userId,
      requestId: "r",
      interruptId: "int_1",
      action: "approve",
      value: "yes",
      results: [{ id: "call_1", content: "17", is_error: false }],
      editedArgs: { order: 17 },
      remember: "session",
    }),
  cancelRequest: (f) => f.requests.cancel({ userId, requestId: "r" }),
  getUserEvents: (f) => f.events.stream({ userId }).next(),
  getSessionEvents: (f) => f.events.stream({ userId, sessionId: "s" }).next(),
  getRequestEvents: (f) => f.requests.stream({ userId, sessionId: "s", requestId: "r" }).next(),
  getSessions: (f) => f.sessions.list({ userId, limit: 5, before: key, activeOnly: true }),
  getSession: (f) => f.sessions.get({ userId, sessionId: "s" }),
  getSessionMessages: (f) => f.sessions.messages({ userId, sessionId: "s", limit: 5, before: at }),
  restoreSession: (f) =>
    f.sessions.restore({
      userId,
      sessionId: "s",
      messages: [{ role: "user", content: "Hi", timestamp: at }],
    }),
  getSessionQueue: (f) => f.sessions.queue({ userId, sessionId: "s" }),
  updateQueuedMessage: (f) =>
    f.sessions.updateQueued({ userId, sessionId: "s", requestId: "r", message: "Hi" }),
  deleteQueuedMessage: (f) => f.sessions.deleteQueued({ userId, sessionId: "s", requestId: "r" }),
  getMemoryConfig: (f) => f.memories.config(),
  getMemoryStats: (f) => f.buffers.stats(),
  getMemories: (f) =>
    f.memories.list({
      userId,
      limit: 5,
      before: key,
      offset: 5,
      scopes: ["user", "formation"],
      collections: ["preferences"],
    }),
  addMemory: (f) =>
    f.memories.add({
      userId,
      memType: "preference",
      detail: "Tea",
      content: "Tea",
      metadata: { a: 1 },
      subject: "drinks",
      scope: "group",
      scopeId: "g",
      source: "crm",
      sourceId: "42",
      pinned: true,
      ttl: 60,
    }),
  getMemory: (f) => f.memories.get({ userId, memoryId: "m" }),
  updateMemory: (f) =>
    f.memories.update({
      userId,
      memoryId: "m",
      content: "Tea",
      metadata: { a: 1 },
      collection: "preferences",
      pinned: true,
      ttl: 60,
    }),
  getMemoryProvenance: (f) => f.memories.provenance({ userId, entity: "Tea", limit: 5 }),
  addMemories: (f) => f.memories.ingest({ userId, items: [{ content: "Tea", source: "crm" }] }),
  exportMemories: (f) => f.memories.export({ userId }),
  importMemories: (f) => f.memories.import({ userId, memories: [{ content: "Tea", source: "crm" }] }),
  getIngestion: (f) => f.memories.getIngestion({ userId, processingId: "p" }),
  deleteMemory: (f) => f.memories.delete({ userId, memoryId: "m" }),
  forgetSource: (f) => f.memories.forgetSource({ userId, source: "crm", reason: "asked", rebuild: false }),
  lintMemory: (f) => f.memories.lint({ userId }),
  getHistory: (f) =>
    f.memories.history({
      userId,
      limit: 5,
      before: key,
      dateFrom: "2026-01-01",
      dateTo: "2026-02-01",
      includeSources: true,
    }),
  getUserBuffer: (f) => f.buffers.get({ userId }),
  clearUserBuffer: (f) => f.buffers.clear({ userId }),
  clearSessionBuffer: (f) => f.buffers.clearSession({ userId, sessionId: "s" }),
  getTriggers: (f) => f.triggers.list(),
  getTrigger: (f) => f.triggers.get({ name: "t" }),
  fireTrigger: (f) => f.triggers.fire({ userId, name: "t", data: { a: 1 }, sessionId: "s", asyncMode: true }),
  getSchedulerConfig: (f) => f.scheduler.config(),
  getSchedulerJobs: (f) => f.scheduler.jobs.list({ userId, status: "active", limit: 5, before: key }),
  createSchedulerJob: (f) =>
    f.scheduler.jobs.create({
      userId,
      jobType: "prompt",
      schedule: "0 9 * * *",
      message: "Hi",
      exclusionRules: [{ type: "cron", rule: "0 9 * * 1" }],
      title: "Morning",
    }),
  getSchedulerJob: (f) => f.scheduler.jobs.get({ jobId: "job_1" }),
  updateSchedulerJob: (f) =>
    f.scheduler.jobs.update({ jobId: "job_1", message: "Hi", schedule: "0 9 * * *", title: "Morning" }),
  pauseSchedulerJob: (f) => f.scheduler.jobs.pause({ jobId: "job_1" }),
  resumeSchedulerJob: (f) => f.scheduler.jobs.resume({ jobId: "job_1" }),
  deleteSchedulerJob: (f) => f.scheduler.jobs.delete({ jobId: "job_1" }),
};

/** The names of the fields that a schema of the wire has. */
const namesOf = (schema: object | undefined): string[] =>
  schema !== undefined && "shape" in schema ? Object.keys(Object(schema.shape)) : [];

/** Fields of the wire that no argument stands for, and why. */
const leftOut: Partial<Record<RouteId, string[]>> = {
  // Either of the two is asked for.
  getMemoryProvenance: ["event_id"],
  // Its payload has the type of the wire.
  chat: namesOf(routes.chat.body()),
  // The header names the user.
  audioChat: ["user_id"],
  getSchedulerJobs: ["user_id"],
  // Where no user is to be made, another call looks for one.
  resolveUser: ["create_user"],
  // The body's `use_async` says it.
  fireTrigger: ["async"],
  // The header `Last-Event-ID` says it.
  getRequestEvents: ["after"],
};

const isRouteId = (id: string): id is RouteId => id in routes;

const rows = Object.entries(calls).flatMap(([id, call]): [RouteId, Call][] =>
  isRouteId(id) ? [[id, call]] : [],
);

const patternOf = ({ path }: Route) => new RegExp(`^/v1${path.replaceAll(/{\w+}/g, "[^/]+")}$`);

test.each(rows)("%s is called as its row says", async (id, call) => {
  const route: Route = routes[id];
  const server = createTestServer();
  // A secret is made, or changed where there is one of this name.
  if (id === "updateSecret") server.fail(409, "SECRET_EXISTS");
  if (route.stream !== undefined && id !== "audioChat") server.stream([{ type: "progress" }]);
  else server.reply({ memories: [], messages: [], agents: [] });
  const options = { url: "http://test", clientKey: "ck", adminKey: "ak", fetch: server.fetch };
  await call(new FormationClient(options));

  const sent = server.requests.at(-1);
  const { pathname, searchParams } = new URL(sent?.path ?? "", "http://test");
  expect(sent?.method).toBe(route.method);
  expect(pathname).toMatch(patternOf(route));
  const keys = ["client", "admin"].filter((kind) => sent?.headers[`x-muxi-${kind}-key`] !== undefined);
  expect(keys).toHaveLength(route.key === "none" ? 0 : 1);
  if (route.key !== "none" && route.key !== "either") expect(keys).toEqual([route.key]);
  expect(sent?.headers["x-muxi-user-id"]).toBe(route.user === "none" ? undefined : userId);

  const parts: [schema: ReturnType<NonNullable<Route["body"]>> | undefined, value: object][] = [
    [route.query?.(), Object.fromEntries(searchParams)],
    [route.body?.(), Object(sent?.json)],
  ];
  for (const [schema, value] of parts) {
    const silent = namesOf(schema).filter((name) => !(name in value));
    expect(silent.filter((name) => !leftOut[id]?.includes(name))).toEqual([]);
    expect(schema?.safeParse(value).error).toBeUndefined();
  }
});
