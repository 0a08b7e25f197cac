import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { RouteId, routes } from "@muxi/protocol";
import { until } from "../../../test/until.ts";
import { type Params, samples } from "./conformance-samples.ts";
import type { Api } from "./harness.ts";
import type { ModelServer, Reply } from "./model-server.ts";

/** A formation that runs for one provocation. */
export interface Bench {
  api: Api & { runtime: { close(grace: number): Promise<void> } };
  models: ModelServer;
  /** Folder of the formation. */
  dir: string;
}

/** What has to be otherwise than in the row's sample for one of its errors to be the answer. */
export interface Provocation {
  /** Added to the formation's manifest. */
  manifest?: string;
  /** Without a model for speech. */
  isDeaf?: true;
  /** What the model's server answers. */
  reply?: Reply;
  /** Runs after the sample's own preparation. */
  prepare?: (bench: Bench) => Promise<unknown>;
  params?: Params;
  query?: string;
  user?: string;
  key?: "client" | "admin";
  /** Fields in place of those of the sample's body. */
  body?: Readonly<Record<string, unknown>>;
  headers?: Record<string, string>;
  /** What happens while the call waits. */
  meanwhile?: (bench: Bench) => Promise<unknown>;
}

type ErrorOf<Id extends RouteId> = (typeof routes)[Id]["errors"][number];

/** An error that this test has no means to provoke, and the test that does. */
interface Elsewhere {
  elsewhere: string;
}

const nothing: Provocation = { params: {} };
const noMemory: Provocation = { manifest: "memory: { persistent: { enabled: false } }\n" };
const noScheduler: Provocation = { manifest: "scheduler: { enabled: false }\n" };
/** Somebody else was quicker. */
const alreadyDone = (what: "pause" | "resume"): Provocation => ({
  prepare: async ({ api }) => {
    const [job] = (await api.get("/scheduler/jobs", { key: "admin" })).body.data.jobs;
    await api.call("POST", `/scheduler/jobs/${job.id}/${what}`, { key: "admin" });
  },
});
const asEve: Provocation = { user: "eve" };

const chatBefore = (user: string, body: object, headers = {}) => ({
  prepare: ({ api }: Bench) =>
    api.call("POST", "/chat", { user, body: { message: "Hello", stream: false, ...body }, headers }),
});

const idempotent = { "X-Muxi-Idempotency-Key": "key-1" };
const stall: Reply = { stallAfter: 1 };

const stopRequest = async ({ api, models }: Bench) => {
  await until("the model is asked", () => models.requests[0]);
  await api.call("DELETE", "/requests/req_1", { key: "admin" });
};

const ofModel = {
  LLM_REFUSED: { reply: { status: 400, body: '{"error":{"code":"content_filter"}}' } },
  LLM_NOT_CONFIGURED: { reply: { status: 401 } },
  LLM_RATE_LIMITED: { reply: { status: 429 } },
  LLM_ERROR: { reply: { status: 500 } },
  LLM_TIMEOUT: { reply: stall, manifest: "# impatient\n" },
  CANCELLED: { reply: stall, meanwhile: stopRequest },
} as const satisfies Record<string, Provocation>;

const ofChat = {
  ...ofModel,
  SESSION_BUSY: {
    manifest: "overlord: { on_busy: reject }\n",
    prepare: ({ api }) =>
      api.request("POST", "/chat", {
        user: "ann",
        body: { message: "Take your time", session_id: "s1", stream: true },
      }),
    body: { session_id: "s1" },
    reply: stall,
  },
  TASK_FAILED: { elsewhere: "work.test.ts, of a chat" },
  AGENT_NOT_FOUND: { body: { agent_id: "nobody" } },
  RESOURCE_NOT_FOUND: { ...chatBefore("bob", { session_id: "bobs" }), body: { session_id: "bobs" } },
  CONFLICT: chatBefore("ann", { session_id: "s1", request_id: "req_1" }),
} as const satisfies Record<string, Provocation | Elsewhere>;

const file = (filename: string, content_type: string, content: string) => ({
  filename,
  content_type,
  content: Buffer.from(content).toString("base64"),
});

const withIdempotency = (method: string, route: string, key: "client" | "admin", body: object) => ({
  headers: idempotent,
  prepare: ({ api }: Bench) => api.call(method, route, { user: "ann", key, body, headers: idempotent }),
});

const breakSecrets = {
  prepare: ({ dir }: Bench) => writeFile(path.join(dir, "secrets.enc"), "nothing that was encrypted"),
};

const ofQueued = {
  RESOURCE_NOT_FOUND: asEve,
  REQUEST_NOT_FOUND: { params: { session_id: "s1", request_id: "req_other" } },
  CONFLICT: { params: { session_id: "s1", request_id: "req_slow" } },
} as const satisfies Record<string, Provocation>;

/** Documents that take long, so that others wait for them. */
const readMany = async ({ api }: Bench) => {
  const many = Array.from({ length: 60 }, (_, index) =>
    api.request("POST", "/chat", {
      user: `reader${index}`,
      body: {
        message: "Read",
        stream: false,
        request_id: `req_many_${index}`,
        files: [file("a.html", "text/html", "<script <!-- ".repeat(5_000))],
      },
    }),
  );
  await Promise.race(many);
};

/** Each error of each row: one without a provocation does not compile. */
export const provocations: { [Id in RouteId]: Record<ErrorOf<Id>, Provocation | Elsewhere> } = {
  getHealth: { SERVICE_UNAVAILABLE: { elsewhere: "http.test.ts, on Postgres" } },
  getStatus: {},
  getConfig: {},
  getFormation: {},
  getAsyncConfig: {},
  getMcpConfig: {},
  getMcpServers: {},
  getMcpTools: {},
  getMcpServer: { MCP_SERVER_NOT_FOUND: nothing },
  getLlmSettings: {},
  getOverlordConfig: {},
  getOverlordPersona: {},
  getOverlordSoul: {},
  getA2aConfig: {},
  getLoggingConfig: {},
  getLoggingDestinations: {},
  getAgents: {},
  getAgent: { AGENT_NOT_FOUND: nothing },
  getKnowledge: {},
  getKnowledgeDocuments: { AGENT_NOT_FOUND: nothing },
  searchKnowledge: { AGENT_NOT_FOUND: nothing },
  syncKnowledge: {
    AGENT_NOT_FOUND: nothing,
    INVALID_REQUEST: { elsewhere: "documents.test.ts" },
    RESOURCE_NOT_FOUND: { body: { source_id: "nothing" } },
    SERVICE_UNAVAILABLE: { elsewhere: "documents.test.ts" },
  },
  rebuildKnowledge: {
    AGENT_NOT_FOUND: { body: { agent_id: "nobody" } },
    RESOURCE_NOT_FOUND: { body: { source_id: "nothing" } },
    SERVICE_UNAVAILABLE: { elsewhere: "documents.test.ts" },
  },
  getKnowledgePassage: {
    AGENT_NOT_FOUND: nothing,
    RESOURCE_NOT_FOUND: { params: { agent_id: "grower", passage_id: "cit_none" } },
  },
  getSops: {},
  getSop: { SOP_NOT_FOUND: nothing },
  getSkills: {},
  getSkill: { RESOURCE_NOT_FOUND: nothing },
  getAgentSkills: { AGENT_NOT_FOUND: nothing },

  chat: {
    ...ofChat,
    TASK_FAILED: { body: { message: "frost" }, reply: { status: 400 } },
    OUTPUT_INVALID: { body: { format: { type: "json", schema: { type: "object" } } } },
    INVALID_REQUEST: { body: { message: " " } },
    IDEMPOTENCY_KEY_REUSED: withIdempotency("POST", "/chat", "client", { message: "Other", stream: false }),
    PAYLOAD_TOO_LARGE: {
      manifest: "input_limits: { max_file_size_bytes: 100 }\n",
      body: { files: [file("a.txt", "text/plain", "a".repeat(101))] },
    },
    SERVICE_UNAVAILABLE: { body: { files: [file("a.gif", "image/gif", "GIF89a")] } },
    SYSTEM_OVERLOAD: {
      body: { files: [file("a.html", "text/html", "Hello")] },
      prepare: readMany,
    },
  },
  audioChat: {
    ...ofChat,
    VALIDATION_ERROR: { body: { files: [] } },
    CONFLICT: {
      ...chatBefore("ann", { session_id: "s1", request_id: "req_1" }),
      body: { request_id: "req_1" },
    },
    CANCELLED: { ...ofModel.CANCELLED, body: { request_id: "req_1" } },
    IDEMPOTENCY_KEY_REUSED: {
      headers: idempotent,
      prepare: ({ api }) =>
        api.call("POST", "/audiochat", {
          user: "ann",
          headers: idempotent,
          body: { files: [file("b.mp3", "audio/mpeg", "ID3")], stream: false, session_id: "other" },
        }),
    },
    PAYLOAD_TOO_LARGE: { manifest: "input_limits: { max_file_size_bytes: 2 }\n" },
    SERVICE_UNAVAILABLE: { isDeaf: true },
  },
  getRequests: {},
  getRequest: { REQUEST_NOT_FOUND: nothing, FORBIDDEN: asEve },
  getUserEvents: {},
  getSessionEvents: {},
  cancelRequest: {
    NOT_FOUND: nothing,
    FORBIDDEN: asEve,
    OPERATION_FAILED: { ...chatBefore("ann", { request_id: "req_2" }), params: { request_id: "req_2" } },
  },
  answerRequest: {
    REQUEST_NOT_FOUND: nothing,
    FORBIDDEN: asEve,
    CONFLICT: { body: { interrupt_id: "int_other" } },
    GONE: { elsewhere: "approvals.test.ts" },
    SERVICE_UNAVAILABLE: { elsewhere: "database.test.ts, of a chat" },
  },
  getRequestEvents: { REQUEST_NOT_FOUND: nothing },
  getDeliveries: {},

  getSessions: {},
  getSession: { RESOURCE_NOT_FOUND: nothing },
  getSessionMessages: {},
  restoreSession: { RESOURCE_NOT_FOUND: asEve },
  getSessionQueue: { RESOURCE_NOT_FOUND: asEve },
  updateQueuedMessage: ofQueued,
  deleteQueuedMessage: ofQueued,

  getMemoryConfig: {},
  getMemoryStats: {},
  getMemories: {},
  addMemory: { FORBIDDEN: { body: { scope: "formation" } }, SERVICE_UNAVAILABLE: noMemory },
  addMemories: { SERVICE_UNAVAILABLE: noMemory },
  getIngestion: { NOT_FOUND: nothing, SERVICE_UNAVAILABLE: noMemory },
  getMemoryProvenance: {},
  exportMemories: { SERVICE_UNAVAILABLE: noMemory },
  importMemories: { SERVICE_UNAVAILABLE: noMemory },
  getMemory: { NOT_FOUND: nothing, SERVICE_UNAVAILABLE: noMemory },
  updateMemory: { NOT_FOUND: nothing, SERVICE_UNAVAILABLE: noMemory },
  deleteMemory: { NOT_FOUND: nothing, SERVICE_UNAVAILABLE: noMemory },
  forgetSource: { SERVICE_UNAVAILABLE: noMemory },
  lintMemory: { SERVICE_UNAVAILABLE: noMemory },
  getHistory: {},
  getUserBuffer: {},
  clearUserBuffer: {},
  clearSessionBuffer: {},
  getBuffers: {},
  clearBuffers: {},

  getSecrets: {},
  createSecret: { SECRET_EXISTS: { body: { key: "user_credentials-tools" } }, SECRETS_ERROR: breakSecrets },
  getSecret: { SECRET_NOT_FOUND: nothing },
  updateSecret: { SECRETS_ERROR: breakSecrets },
  deleteSecret: {
    SECRET_NOT_FOUND: nothing,
    SECRET_IN_USE: { params: { key: "USED" }, manifest: 'name: "Orchard ${{ secrets.USED }}"\n' },
    SECRETS_ERROR: breakSecrets,
  },
  reloadSecrets: { SECRETS_ERROR: breakSecrets },

  getApprovals: {},
  revokeApproval: {},
  getCredentialServices: {},
  getCredentials: {},
  createCredential: {
    VALIDATION_ERROR: { body: { service: "my tools" } },
    CONFLICT: {
      prepare: ({ api }) =>
        api.call("POST", "/credentials", { user: "ann", body: samples.createCredential.body }),
    },
  },
  getCredential: { RESOURCE_NOT_FOUND: asEve },
  deleteCredential: { RESOURCE_NOT_FOUND: asEve },

  resolveUser: {
    INVALID_REQUEST: { body: { identifier: "0" } },
    RESOURCE_NOT_FOUND: { body: { identifier: "nobody", create_user: false } },
  },
  getAllUserIdentifiers: {},
  addUserIdentifiers: {
    INVALID_REQUEST: { body: { identifiers: ["0"] } },
    RESOURCE_NOT_FOUND: { body: { muxi_user_id: "usr_nobody" } },
  },
  getUserIdentifiers: { RESOURCE_NOT_FOUND: nothing },
  deleteUserIdentifier: { RESOURCE_NOT_FOUND: nothing },
  lookUpUser: { RESOURCE_NOT_FOUND: nothing },
  exportUser: { RESOURCE_NOT_FOUND: nothing },
  deleteUser: { RESOURCE_NOT_FOUND: nothing },

  getUsage: { INVALID_PARAMETER: { query: "?from=yesterday" } },
  getAuditLog: { INVALID_PARAMETER: { query: "?since=yesterday" } },
  clearAuditLog: { INVALID_REQUEST: { query: "?confirm=yes" } },
  streamLogs: { INVALID_REQUEST: { query: "" } },

  getTriggers: {},
  getTrigger: { INVALID_REQUEST: { params: { name: "../greet" } }, TRIGGER_NOT_FOUND: nothing },
  fireTrigger: {
    ...ofModel,
    TASK_FAILED: { elsewhere: "work.test.ts, of a chat" },
    OUTPUT_INVALID: { elsewhere: "structured-output.test.ts, of a trigger" },
    INVALID_REQUEST: { body: { data: {} } },
    RESOURCE_NOT_FOUND: nothing,
    CONFLICT: { ...chatBefore("ann", { request_id: "req_1" }), headers: { "X-Muxi-Request-ID": "req_1" } },
    CANCELLED: { ...ofModel.CANCELLED, headers: { "X-Muxi-Request-ID": "req_1" } },
    IDEMPOTENCY_KEY_REUSED: withIdempotency("POST", "/triggers/greet", "client", {
      data: { name: "Bob" },
      use_async: false,
    }),
    SERVICE_UNAVAILABLE: {
      reply: stall,
      meanwhile: async ({ api, models }) => {
        await until("the model is asked", () => models.requests[0]);
        await api.runtime.close(0);
      },
    },
  },

  getSchedulerConfig: {},
  getSchedulerJobs: {},
  createSchedulerJob: {
    VALIDATION_ERROR: { body: { type: "sometimes" } },
    IDEMPOTENCY_KEY_REUSED: withIdempotency("POST", "/scheduler/jobs", "admin", {
      type: "prompt",
      schedule: "0 8 * * *",
      message: "Other",
    }),
    UNPROCESSABLE_ENTITY: noMemory,
    LLM_NOT_CONFIGURED: { ...ofModel.LLM_NOT_CONFIGURED, body: { schedule: "now and then" } },
    RATE_LIMITED: {
      prepare: async ({ api }) => {
        for (let made = 0; made < 20; made += 1) {
          const body = { type: "prompt", schedule: "0 9 * * *", message: `Good morning ${made}` };
          await api.call("POST", "/scheduler/jobs", { user: "ann", key: "admin", body });
        }
      },
    },
    SERVICE_UNAVAILABLE: noScheduler,
  },
  getSchedulerJob: { RESOURCE_NOT_FOUND: nothing, SERVICE_UNAVAILABLE: noScheduler },
  updateSchedulerJob: {
    RESOURCE_NOT_FOUND: nothing,
    CONFLICT: { elsewhere: "scheduler.test.ts" },
    LLM_NOT_CONFIGURED: { ...ofModel.LLM_NOT_CONFIGURED, body: { schedule: "now and then" } },
    SERVICE_UNAVAILABLE: noScheduler,
  },
  pauseSchedulerJob: {
    RESOURCE_NOT_FOUND: nothing,
    CONFLICT: alreadyDone("pause"),
    SERVICE_UNAVAILABLE: noScheduler,
  },
  resumeSchedulerJob: {
    RESOURCE_NOT_FOUND: nothing,
    CONFLICT: alreadyDone("resume"),
    SERVICE_UNAVAILABLE: noScheduler,
  },
  deleteSchedulerJob: { RESOURCE_NOT_FOUND: nothing, SERVICE_UNAVAILABLE: noScheduler },
};
