import type { AddressInfo } from "node:net";
import path from "node:path";
import { type AgentDefinition, type Formation, textModelFor } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import {
  type ApiKeys,
  cancelEndpoint,
  chatEndpoint,
  createApp,
  formationEndpoints,
  requestEventsEndpoint,
  sessionEndpoints,
} from "./api/index.ts";
import { createMemory, openKnowledge } from "./memory/index.ts";
import { createDispatcher, createModel, defaultModelConfig } from "./models/index.ts";
import { createOverlord, createRuns } from "./overlord/index.ts";
import { createSessionRepository, openSqlite } from "./store/index.ts";

export interface RuntimeOptions {
  formation: Formation;
  keys: ApiKeys;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Where providers' keys and addresses are looked up. */
  env: Readonly<Record<string, string | undefined>>;
  log: Logger;
  now?: () => number;
}

/** A formation that answers. */
export interface Runtime {
  readonly host: string;
  readonly port: number;
  /** The model that answers for each agent, by agent id. */
  readonly models: ReadonlyMap<string, string>;
  /**
   * Stops taking requests, lets those at work end, and closes everything.
   *
   * @param grace How long the answers at work may take, in milliseconds; what is left then is stopped.
   */
  close(grace: number): Promise<void>;
}

const sqliteFileOf = ({ dir, manifest }: Formation): string => {
  const connection = manifest.memory.persistent.connection_string;
  if (connection === undefined) return path.join(dir, "memory.db");
  if (/^postgres(ql)?:/.test(connection)) {
    throw new Error(
      "memory.persistent.connection_string names a Postgres database, which this version cannot use: leave the line out to store in memory.db",
    );
  }
  return path.resolve(dir, connection.replace(/^sqlite:(\/\/)?/, ""));
};

const nonEmpty = (agents: readonly AgentDefinition[]): readonly [AgentDefinition, ...AgentDefinition[]] => {
  const [first, ...rest] = agents;
  if (!first) throw new Error("a loaded formation has at least the built-in agent");
  return [first, ...rest];
};

/** A message, with room for the JSON around it; four bytes are the most that a character takes. */
const bodyLimitFor = (longestMessage: number) => longestMessage * 4 + 64 * 1024;

/**
 * Serves a formation under `/v1` on its own port.
 *
 * @throws Error when the port is taken, the database cannot be opened or a model is not usable as configured; the
 * message says what to do.
 */
export const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
  const { formation, keys, env, log, now = Date.now } = options;
  const startedAt = now();
  const agents = nonEmpty(formation.agents);
  const { manifest } = formation;

  const dispatcher = createDispatcher();
  const models = new Map(
    agents.map((agent) => {
      const config = textModelFor(formation, agent, env) ?? defaultModelConfig(env);
      return [agent.id, createModel(config, { dispatcher, log })] as const;
    }),
  );
  const modelOf = (agent: AgentDefinition) => {
    const model = models.get(agent.id);
    if (!model) throw new Error(`no model was made for agent ${agent.id}`);
    return model;
  };

  const database = openSqlite(sqliteFileOf(formation));
  const sessions = createSessionRepository(database);
  const knowledge = openKnowledge({ dir: formation.dir, agents, log });
  const runs = createRuns({ now });
  const overlord = createOverlord({
    formationId: formation.id,
    soul: formation.soul,
    agents,
    contextSize: manifest.memory.buffer.size,
    modelOf,
    sessions,
    memory: createMemory({ sessions, knowledge }),
    runs,
    now,
    log,
  });

  const longestMessage = manifest.input_limits.max_message_length;
  const app = createApp({
    formationId: formation.id,
    version: formation.version,
    keys,
    endpoints: {
      ...formationEndpoints({ formation, runs, startedAt, now }),
      ...sessionEndpoints({
        formationId: formation.id,
        sessions,
        restoreLimit: manifest.memory.buffer.size * manifest.memory.buffer.multiplier,
        now,
      }),
      chat: chatEndpoint({ overlord, longestMessage }),
      cancelRequest: cancelEndpoint(runs),
      getRequestEvents: requestEventsEndpoint(runs),
    },
    bodyLimit: bodyLimitFor(longestMessage),
    accessLog: manifest.server.access_log,
    now,
    log,
  });

  const release = async () => {
    await app.close();
    await knowledge.ready;
    await database.close();
    await dispatcher.destroy();
  };

  try {
    await app.listen({ host: options.host, port: options.port, backlog: 4096 });
  } catch (error) {
    await release();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;

  const close = async (grace: number) => {
    app.server.close();
    const timer = setTimeout(
      () => runs.stopAll(new ApiError("SERVICE_UNAVAILABLE", "The formation is shutting down: try again")),
      grace,
    );
    await runs.idle();
    clearTimeout(timer);
    await release();
  };
  let closing: Promise<void> | undefined;

  return {
    host: options.host,
    port,
    models: new Map([...models].map(([agentId, model]) => [agentId, model.id])),
    close(grace) {
      closing ??= close(grace);
      return closing;
    },
  };
};
