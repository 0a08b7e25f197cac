import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { databaseOf, type Environment, type Formation } from "@muxi/formation";
import { createHttpClient, isLoopback, type ProxyChoice } from "@muxi/http";
import { ApiError, chatRequestSchema, type RouteId } from "@muxi/protocol";
import type { Logger } from "pino";
import { openAdministration } from "./administration.ts";
import {
  type ApiKeys,
  audioChatEndpoint,
  bufferEndpoints,
  chatEndpoint,
  createApp,
  deliveryEndpoints,
  formationEndpoints,
  historyEndpoints,
  knowledgeEndpoints,
  mcpServerEndpoints,
  memoryEndpoints,
  passageEndpoints,
  requestEndpoints,
  sessionEndpoints,
  usageEndpoints,
  userDataEndpoints,
} from "./api/index.ts";
import { createAttachmentReader } from "./attachments/index.ts";
import { jobEnding, openAutomation, openJobBook } from "./automation.ts";
import { createDeliveries, createRetention, defaultLeaseTime } from "./background/index.ts";
import { openConversation } from "./conversation.ts";
import { createFeed } from "./events/index.ts";
import { createNearWords, openKnowledge, type UnderstandingOf } from "./knowledge/index.ts";
import { openMemory } from "./memory/index.ts";
import { openEmbedders, openModels, openPrices, openUnderstanding, packagesOf } from "./models/index.ts";
import type { TokenReports } from "./observability/index.ts";
import { createSessionQueue, handOver } from "./overlord/index.ts";
import { createReadiness, type FindProblems } from "./readiness.ts";
import { openElsewhere } from "./sources/index.ts";
import { createStore, type Database, openPostgres, openSqlite } from "./store/index.ts";
import { createUserData } from "./users/index.ts";

export interface RuntimeOptions {
  formation: Formation;
  keys: ApiKeys;
  host: string;
  /** 0 for any free port. */
  port: number;
  /** Holds the keys and addresses of model providers. */
  env: Environment;
  log: Logger;
  /** Told of the tokens that requests have used. Default: nobody is. */
  tokens?: Pick<TokenReports, "add"> | undefined;
  /** Chooses the proxy of a request to models and webhooks. Default: none. */
  proxy?: ProxyChoice | undefined;
  /** Default: the clock that all processes of the database go by. */
  now?: () => number;
  /** Milliseconds after which a process that does not renew its leases has lost them. Default 30 s. */
  leaseTime?: number;
  /** Milliseconds after which an answer is stopped. Default 600 s. */
  answerTime?: number;
}

/** A running formation. */
export interface Runtime {
  readonly host: string;
  readonly port: number;
  /** The id of each agent's model, by agent id. */
  readonly models: ReadonlyMap<string, string>;
  readonly problems: FindProblems;
  /**
   * Refuses new requests, lets the active ones finish, and closes everything.
   *
   * @param grace How long the active answers may take, in milliseconds. Then they are stopped.
   * @param drainTime Milliseconds before that, in which it serves as ever but says that it is not healthy, so that a load
   * balancer sends new requests elsewhere. Default 0.
   */
  close(grace: number, drainTime?: number): Promise<void>;
}

const openDatabase = async (formation: Formation, log: Logger): Promise<Database> => {
  const where = databaseOf(formation);
  if (where.engine === "sqlite") {
    await mkdir(path.dirname(where.file), { recursive: true });
    return openSqlite(where.file);
  }
  const { query_timeout_seconds: queryTimeout, pooler } = formation.manifest.memory.persistent;
  return openPostgres(where.connectionString, { queryTimeout, pooler, log });
};

/** Longest time for one answer, in milliseconds (docs/spec/formation-api.md "Chat stream"). */
const longestAnswer = 600_000;
/** How long webhooks under way may take at the end, in milliseconds. The rest is sent after the next start. */
const deliveryGrace = 2_000;

/**
 * The largest body of a route: a message, of up to four bytes a character, with room for the JSON around it. Only chats
 * may have files, which are Base64.
 */
/** Bytes. */
const largestImport = 8 * 2 ** 20;

const bodyLimitFor = (longestMessage: number, largestFile: number) => {
  const plain = longestMessage * 4 + 64 * 1024;
  const withFiles = plain + Math.ceil(largestFile / 3) * 4;
  return (id: RouteId) => {
    if (id === "chat" || id === "audioChat") return withFiles;
    return id === "importMemories" ? Math.max(plain, largestImport) : plain;
  };
};

/**
 * Serves a formation under `/v1` on its own port.
 *
 * @throws Error when the port is taken, the database cannot be opened or a model is not usable as configured. Its
 * message says what to do
 */
export const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
  const {
    formation,
    keys,
    env,
    log,
    tokens = { add: () => {} },
    proxy,
    leaseTime = defaultLeaseTime,
    answerTime = longestAnswer,
  } = options;
  const { manifest } = formation;

  const http = createHttpClient({ proxy });
  const importPackage = packagesOf(formation.dir);
  const models = openModels({ formation, http, env, now: options.now ?? Date.now, log, importPackage });

  const store = createStore(await openDatabase(formation, log), {
    memoriesOfUser: formation.manifest.memory.persistent.max_memories,
  });
  const { now = store.now } = options;
  const startedAt = now();
  const { sessions } = store;
  const administration = await openAdministration({ formation, keys, store, env, now, log });
  const { observability, identities, watch } = administration;
  const { observe } = observability;
  const feed = createFeed({ formationId: formation.id, hints: store.hints, now });
  const policy = {
    allowLoopback: isLoopback(options.host),
    allowPrivate: manifest.async.allow_private_targets,
  };
  const deliveries = createDeliveries({
    formationId: formation.id,
    deliveries: store.deliveries,
    proxy,
    policy,
    secret: keys.adminKey,
    timeout: manifest.async.webhook_timeout * 1000,
    retries: manifest.async.webhook_retries,
    now,
    log,
  });
  const understanding = openUnderstanding({ formation, models, http, env, log });
  const embedders = openEmbedders({ formation, http, importPackage, env, log });
  const understandingOf: UnderstandingOf = ({ agent, config }) => understanding.of(agent, config.scans);
  const elsewhere = await openElsewhere({ formation, store, understandingOf, policy, proxy, env, log });
  const knowledge = openKnowledge({
    formation,
    models,
    stored: store.knowledge,
    vectors: store.knowledgeVectors,
    nearWords: createNearWords(importPackage),
    embedders,
    understandingOf,
    elsewhere,
    now: store.now,
    log,
  });
  const { memory, entries } = openMemory({ formation, store, knowledge, embedders, http, env, now, log });
  const book = openJobBook({ formation, store, http, env, now, log });
  const conversation = await openConversation({
    formation,
    store,
    models,
    administration,
    knowledge,
    embedders,
    secret: keys.adminKey,
    memory,
    jobs: manifest.scheduler.enabled && manifest.memory.persistent.enabled ? book : undefined,
    endings: (outcome, kind) => [
      ...deliveries.statements(outcome),
      ...(kind === "job" ? jobEnding(formation, store.jobs, outcome) : []),
    ],
    telemetry: { log, observe, watch, tokens, feed },
    clock: { now, answerTime },
    env,
    leaseTime,
  });
  const { overlord, queue, runs, register, toolbox } = conversation;
  overlord.onEnded((_, hasWebhook) => {
    if (hasWebhook) deliveries.wake();
  });
  const { ownerOf } = identities;
  const automation = openAutomation({ formation, store, overlord, queue, book, now, log });

  const retention = createRetention({
    formationId: formation.id,
    keptFor: { ...manifest.retention, memories: 0 },
    store,
    now,
    log,
  });

  const userData = createUserData({
    formationId: formation.id,
    identities,
    userData: store.userData,
    async cancel(requestId) {
      await register.cancel(requestId, undefined).catch((error) => {
        if (!(error instanceof ApiError)) throw error;
      });
    },
    onDeleted: (name, { rows }) =>
      observe({ event: "user.deleted", level: "info", userId: name, data: { rows } }),
  });

  const bufferCapacity = manifest.memory.buffer.size * manifest.memory.buffer.multiplier;
  const longestMessage = manifest.input_limits.max_message_length;
  const largestFile = manifest.input_limits.max_file_size_bytes;
  const attachments = createAttachmentReader({ largestFile, understanding: understanding.ofMessages });
  const chat = chatEndpoint({
    overlord,
    deliveries,
    longestMessage,
    threshold: manifest.async.enable_estimation ? manifest.async.threshold_seconds : undefined,
    attachments,
    takesCredentials: conversation.takesCredentials,
  });
  const { checkHealth } = store;
  let prices: ReturnType<typeof openPrices> | undefined;
  let isDraining = false;
  const app = createApp({
    formationId: formation.id,
    version: formation.version,
    keys,
    register,
    overlord,
    checkHealth,
    hints: store.hints,
    identities,
    audit: administration.audit,
    observe,
    requestsPerMinute: manifest.server.rate_limit?.requests_per_minute,
    endpoints: {
      ...administration.endpoints,
      ...mcpServerEndpoints({ toolbox, redactor: administration.redactor }),
      ...automation.endpoints,
      ...formationEndpoints({
        formation,
        models: models.ofAgents,
        runs,
        toolbox,
        checkHealth,
        isDraining: () => isDraining,
        startedAt,
        now,
      }),
      ...knowledgeEndpoints({ formation, knowledge, now }),
      ...sessionEndpoints({
        formationId: formation.id,
        sessions,
        restoreLimit: bufferCapacity,
        queue: createSessionQueue({ store, now }),
        longestMessage,
        now,
      }),
      ...memoryEndpoints({ formation, entries, ownerOf }),
      ...userDataEndpoints(userData),
      ...usageEndpoints({
        formationId: formation.id,
        usage: store.usage,
        prices: () => (prices ??= openPrices(manifest)),
        now,
      }),
      ...bufferEndpoints({
        formationId: formation.id,
        buffers: store.buffers,
        capacity: bufferCapacity,
      }),
      ...historyEndpoints({ formationId: formation.id, sessions }),
      ...passageEndpoints({ formation, knowledge }),
      ...deliveryEndpoints({ formationId: formation.id, deliveries: store.deliveries }),
      chat,
      audioChat: audioChatEndpoint({
        chat,
        transcription: understanding.speech,
        largestFile,
      }),
      ...requestEndpoints({ register, feed, overlord }),
    },
    bodyLimit: bodyLimitFor(longestMessage, largestFile),
    accessLog: manifest.server.access_log,
    mcp: { boundTo: options.host, allowedOrigins: manifest.server.allowed_origins },
    now,
    log,
  });

  const release = async () => {
    observability.hangUp();
    feed.close();
    administration.logs.close();
    // Whoever waits for documents is answered.
    await knowledge.close();
    await app.close();
    await retention.close();
    await automation.close();
    await conversation.close();
    await observability.close();
    await toolbox.close();
    await deliveries.close(deliveryGrace);
    attachments.close();
    await memory.close();
    await store.close();
    http.close();
  };

  let port: number;
  try {
    await deliveries.start();
    await queue.start(overlord);
    port = await app.listen(options.host, options.port);
    retention.start();
    // It is made on first use, which would be the first chat's time; but whoever waits for the start comes first.
    setTimeout(() => chatRequestSchema().safeParse({ message: "" }), 50).unref();
  } catch (error) {
    await release();
    throw error;
  }

  const close = async (grace: number, drainTime: number) => {
    isDraining = true;
    const stopped = queue.stop();
    if (drainTime > 0) {
      app.sendAway();
      await sleep(drainTime);
    }
    app.refuse();
    const timer = setTimeout(async () => {
      await overlord.handOn();
      runs.stopAll(handOver);
    }, grace);
    await stopped;
    await runs.idle();
    clearTimeout(timer);
    await release();
  };
  let closing: Promise<void> | undefined;

  return {
    host: options.host,
    port,
    models: new Map([...models.ofAgents].map(([agentId, model]) => [agentId, model.id])),
    problems: createReadiness({ formation, env, importPackage, toolbox, redactor: administration.redactor }),
    close(grace, drainTime = 0) {
      closing ??= close(grace, drainTime);
      return closing;
    },
  };
};
