import type { RouteId } from "@muxi/protocol";
import { passageKey } from "../src/knowledge/key.ts";
import { type Api, manifest } from "./harness.ts";

export type Params = Record<string, string>;

/** A call of a row that succeeds. */
export interface Sample {
  /** Path parameters. */
  params?: Params;
  /** With its question mark. */
  query?: string;
  body?: unknown;
  /** Whether the row tells only of tool servers in use. */
  toolsAreUsed?: boolean;
  /** Whether the agent has documents. */
  knows?: true;
  /** Whether the agent may ask its user. */
  asks?: true;
  /** Whether the row's stream goes on until the caller leaves. */
  isEndless?: true;
  /** Whether the path's id counts as the user where none is named, as old clients mean it. */
  mayBeUser?: true;
  /** Makes what the row needs, and gives the path parameters that only then are known. */
  prepare?: (api: Api) => Promise<Params>;
}

const frost = "Frost comes in May.\n";
const knowledge = "knowledge: { sources: [{ id: notes, path: docs }] }\n";

/** A formation with one of everything. Its tool server is not there, and to look for it takes a while. */
export const filesOf = (
  { toolsAreUsed = false, knows, asks }: Sample,
  keepsNothing = false,
): Record<string, string> => ({
  "formation.afs": `${manifest}agents: [grower]
skills: [pruning]
mcp:
  servers:
    - id: tools
      description: Garden tools
      type: http
      active: ${toolsAreUsed}
      endpoint: http://127.0.0.1:9/mcp
      ${keepsNothing ? "" : 'auth: { type: bearer, token: "${{ user.credentials.tools }}" }'}
${asks ? "overlord: { clarification: { enabled: true } }\n" : ""}`,
  "agents/grower.afs": `schema: "1.0.0"\nid: grower\nname: Grower\ndescription: Grows\n${knows ? knowledge : ""}`,
  "docs/frost.md": frost,
  "triggers/greet.md": "Say hello to ${{ data.name }}",
  "sops/frost.md":
    "---\ntype: sop\nname: Frost\ndescription: When frost comes\ntags: frost\n---\n## Steps\n1. **Cover** the trees\n",
  "skills/pruning/SKILL.md": "---\nname: pruning\ndescription: How to prune\n---\nCut.\n",
});

const user = "ann";
const message = { message: "My dog is Rex", session_id: "s1", request_id: "req_1", stream: false };

const chat = async (api: Api): Promise<Params> => {
  await api.call("POST", "/chat", { user, body: message });
  return {};
};

/** What a request that asks waits for; its id is known once it has asked. */
const interruptAnswer = { interrupt_id: "", action: "answer", value: "The north one" };

const asked = async (api: Api): Promise<Params> => {
  const body = { ...message, message: "Ask me", request_id: "req_asks" };
  const { data } = (await api.call("POST", "/chat", { user, body })).body;
  // The built-in model, with which other tests take the samples, asks nothing.
  interruptAnswer.interrupt_id = data.message.metadata.interrupt?.id ?? "int_none";
  return {};
};

/** A message that waits while another one is answered. */
const queued = async (api: Api): Promise<Params> => {
  await api.request("POST", "/chat", {
    user,
    body: { ...message, request_id: "req_slow", message: "Take your time", stream: true },
  });
  await api.call("POST", "/chat", { user, body: { ...message, request_id: "req_next", mode: "async" } });
  return {};
};

/** The id of what a call made. */
const made = async (
  api: Api,
  route: string,
  body: unknown,
  field: string,
  key: "client" | "admin" = "client",
) => String((await api.call("POST", route, { user, key, body })).body.data[field]);

const memory = { type: "fact", detail: "Likes pears" };
const withMemory = async (api: Api) => ({ memory_id: await made(api, "/memories", memory, "id") });
const credential = { service: "tools", credential: { token: "secret-1" } };
const secret = { key: "TOKEN", value: "value-of-it" };
const job = { type: "prompt", schedule: "0 9 * * *", message: "Good morning" };

const withKnowledge = async (api: Api): Promise<Params> => {
  await api.call("POST", "/agents/grower/knowledge/sync", { key: "admin" });
  return {};
};
const withSecret = async (api: Api): Promise<Params> => {
  await api.call("POST", "/secrets", { key: "admin", body: secret });
  return {};
};
const withJob = async (api: Api) => ({ job_id: await made(api, "/scheduler/jobs", job, "id", "admin") });
const withPausedJob = async (api: Api) => {
  const params = await withJob(api);
  await api.call("POST", `/scheduler/jobs/${params.job_id}/pause`, { key: "admin" });
  return params;
};
const withCredential = async (api: Api) => ({
  credential_id: await made(api, "/credentials", credential, "credential_id"),
});
const idOfUser = (api: Api) => made(api, "/users/resolve", { identifier: "bob" }, "muxi_user_id");

const withUser = async (api: Api) => {
  await idOfUser(api);
  return { identifier: "bob" };
};

/** One for each row of the route table: a row without a sample does not compile. */
export const samples: Record<RouteId, Sample> = {
  getHealth: {},
  getStatus: {},
  getConfig: {},
  getFormation: {},
  getAsyncConfig: {},
  getMcpConfig: {},
  getMcpServers: {},
  getMcpTools: {},
  getMcpServer: { params: { server_id: "tools" }, toolsAreUsed: true },
  getLlmSettings: {},
  getOverlordConfig: {},
  getOverlordPersona: {},
  getOverlordSoul: {},
  getA2aConfig: {},
  getLoggingConfig: {},
  getLoggingDestinations: {},
  getAgents: {},
  getAgent: { params: { agent_id: "grower" } },
  getKnowledgePassage: {
    params: { agent_id: "grower", passage_id: passageKey("docs/frost.md", { text: frost.trim() }) },
    knows: true,
    prepare: withKnowledge,
  },
  getSops: {},
  getSop: { params: { name: "frost" } },
  getSkills: {},
  getSkill: { params: { name: "pruning" } },
  getAgentSkills: { params: { agent_id: "grower" } },

  chat: { body: message },
  audioChat: {
    body: { files: [{ filename: "a.mp3", content: "SUQz", content_type: "audio/mpeg" }], stream: false },
  },
  getRequests: { prepare: chat },
  getRequest: { params: { request_id: "req_1" }, prepare: chat },
  getUserEvents: { isEndless: true },
  getSessionEvents: { params: { session_id: "s1" }, isEndless: true, mayBeUser: true, prepare: chat },
  cancelRequest: {
    params: { request_id: "req_slow" },
    prepare: async (api) => {
      await api.request("POST", "/chat", {
        user,
        body: { ...message, request_id: "req_slow", message: "Take your time", stream: true },
      });
      return {};
    },
  },
  answerRequest: { params: { request_id: "req_asks" }, body: interruptAnswer, asks: true, prepare: asked },
  getRequestEvents: { params: { session_id: "s1", request_id: "req_1" }, prepare: chat },
  getDeliveries: {},

  getSessions: { prepare: chat },
  getSession: { params: { session_id: "s1" }, prepare: chat },
  getSessionMessages: { params: { session_id: "s1" }, prepare: chat },
  restoreSession: {
    params: { session_id: "s1" },
    prepare: chat,
    body: { messages: [{ role: "user", content: "Hello", timestamp: "2026-01-01T00:00:00Z" }] },
  },
  getSessionQueue: { params: { session_id: "s1" }, prepare: queued },
  updateQueuedMessage: {
    params: { session_id: "s1", request_id: "req_next" },
    prepare: queued,
    body: { message: "My cat is Tom" },
  },
  deleteQueuedMessage: { params: { session_id: "s1", request_id: "req_next" }, prepare: queued },

  getMemoryConfig: {},
  getMemoryStats: { prepare: chat },
  getMemories: {},
  addMemory: { body: memory },
  addMemories: { body: { items: [{ ...memory, source: "notes" }] } },
  getIngestion: {
    prepare: async (api) => ({
      processing_id: await made(
        api,
        "/memories/batch",
        { items: [{ ...memory, source: "notes" }] },
        "processing_id",
      ),
    }),
  },
  getMemoryProvenance: { query: "?entity=pears", prepare: withMemory },
  exportMemories: { prepare: withMemory },
  importMemories: { body: { memories: [{ content: "Likes plums", source: "notes" }] } },
  getMemory: { prepare: withMemory },
  updateMemory: { body: { content: "Likes plums", pinned: true, ttl: 3_600 }, prepare: withMemory },
  deleteMemory: { prepare: withMemory },
  forgetSource: { body: { user_id: user, source: "notes" } },
  lintMemory: { body: { user_id: user }, prepare: withMemory },
  getHistory: { prepare: chat },
  getUserBuffer: { prepare: chat },
  clearUserBuffer: { prepare: chat },
  clearSessionBuffer: { params: { session_id: "s1" }, mayBeUser: true, prepare: chat },
  getBuffers: { prepare: chat },
  clearBuffers: { prepare: chat },

  getSecrets: {},
  createSecret: { body: secret },
  getSecret: { params: { key: "TOKEN" }, prepare: withSecret },
  updateSecret: { params: { key: "TOKEN" }, body: { value: "another" }, prepare: withSecret },
  deleteSecret: { params: { key: "TOKEN" }, prepare: withSecret },
  reloadSecrets: {},

  getApprovals: {},
  revokeApproval: { params: { server: "tools", tool: "prune" } },
  getCredentialServices: {},
  getCredentials: { prepare: withCredential },
  createCredential: { body: credential },
  getCredential: { prepare: withCredential },
  deleteCredential: { prepare: withCredential },

  getKnowledge: { knows: true },
  getKnowledgeDocuments: { params: { agent_id: "grower" }, knows: true, prepare: withKnowledge },
  searchKnowledge: {
    params: { agent_id: "grower" },
    query: "?query=When%20does%20frost%20come",
    knows: true,
    prepare: withKnowledge,
  },
  syncKnowledge: { params: { agent_id: "grower" }, body: { source_id: "notes" }, knows: true },
  rebuildKnowledge: { body: { agent_id: "grower" }, knows: true },

  resolveUser: { body: { identifier: "bob" } },
  addUserIdentifiers: { body: { identifiers: ["bob"] } },
  getUserIdentifiers: { prepare: async (api) => ({ identifier: await idOfUser(api) }) },
  deleteUserIdentifier: { prepare: withUser },
  getAllUserIdentifiers: { prepare: withUser },
  lookUpUser: { prepare: withUser },
  exportUser: { prepare: withUser },
  deleteUser: { prepare: withUser },

  getUsage: { query: "?group_by=user,agent,model,day" },
  getAuditLog: { prepare: withSecret },
  clearAuditLog: { query: "?confirm=clear-audit-log", prepare: withSecret },
  streamLogs: { query: "?level=INFO", isEndless: true },

  getTriggers: {},
  getTrigger: { params: { name: "greet" } },
  fireTrigger: { params: { name: "greet" }, body: { data: { name: "Ann" }, use_async: false } },

  getSchedulerConfig: {},
  getSchedulerJobs: { prepare: withJob },
  createSchedulerJob: { body: job },
  getSchedulerJob: { prepare: withJob },
  updateSchedulerJob: {
    body: { message: "Other", schedule: "0 7 * * *", title: "Mornings" },
    prepare: withJob,
  },
  pauseSchedulerJob: { prepare: withJob },
  resumeSchedulerJob: { prepare: withPausedJob },
  deleteSchedulerJob: { prepare: withJob },
};
