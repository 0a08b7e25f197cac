import type {
  Agent,
  AgentList,
  AuditCleared,
  AuditLog,
  ConfigBlock,
  Confirmation,
  FormationConfig,
  FormationDocument,
  FormationHealth,
  FormationStatus,
  KnowledgeRebuilt,
  LogEntry,
  LoggingDestinations,
  McpConfig,
  McpServerList,
  McpToolList,
  OverlordPersona,
  SecretList,
  SecretsReloaded,
} from "@muxi/protocol/types";
import { ConfigurationError, ConflictError, NotFoundError } from "../errors/errors.ts";
import { path, requireText } from "../http/arguments.ts";
import type { CallOptions, StreamOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import { decodeJson } from "../stream/decode.ts";
import type { EventStream } from "../stream/event-stream.ts";
import { Upkeep } from "./upkeep.ts";

/** Which lines of the log to follow; at least one. */
export interface LogFilter {
  userId?: string | undefined;
  sessionId?: string | undefined;
  requestId?: string | undefined;
  agentId?: string | undefined;
  level?: "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL" | undefined;
  /** May hold `*`. */
  eventType?: string | undefined;
}

/** Which entries of the audit log to read. */
export interface AuditFilter {
  /** 1 to 1000, default 100. */
  limit?: number | undefined;
  action?: string | undefined;
  resourceType?:
    | "agent"
    | "secret"
    | "mcp_server"
    | "scheduler_job"
    | "logging_destination"
    | "async"
    | "memory"
    | undefined;
  /** ISO 8601. */
  since?: string | undefined;
}

/** The form in which the server keeps the name of a secret (docs/spec/formation-api.md "Secrets"). */
const secretName = (key: string): string => key.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");

/**
 * What an operator sees and sets: needs the admin key, but for `health`
 * (docs/spec/formation-api.md "Configuration", "Secrets", "Logs" and "Audit log").
 */
export class Administration extends Upkeep {
  /**
   * Whether the formation can answer. Needs no key. Throws `ServerError` with 503 when it cannot.
   *
   * @example
   * console.log((await formation.health()).status);
   */
  async health(options?: CallOptions): Promise<Result<FormationHealth>> {
    return this.call({ path: "/health", key: "none" }, options);
  }

  /** What the formation is and how busy it is. */
  async getStatus(options?: CallOptions): Promise<Result<FormationStatus>> {
    return this.#get("/status", options);
  }

  /** Overview of the configuration, with the paths of its parts. */
  async getConfig(options?: CallOptions): Promise<Result<FormationConfig>> {
    return this.#get("/config", options);
  }

  /** The whole formation document, its secrets as placeholders. */
  async getFormation(options?: CallOptions): Promise<Result<FormationDocument>> {
    return this.#get("/formation", options);
  }

  /**
   * All agents.
   *
   * @example
   * for (const agent of await formation.getAgents()) console.log(agent.id, agent.name);
   */
  async getAgents(options?: CallOptions): Promise<Agent[]> {
    return (await this.#get<AgentList>("/agents", options)).agents;
  }

  /** One agent. */
  async getAgent({ agentId }: { agentId: string }, options?: CallOptions): Promise<Result<Agent>> {
    return this.#get(path`/agents/${{ agentId }}`, options);
  }

  /** Defaults for tool servers. */
  async getMcpConfig(options?: CallOptions): Promise<Result<McpConfig>> {
    return this.#get("/mcp", options);
  }

  /** The tool servers. */
  async getMcpServers(options?: CallOptions): Promise<Result<McpServerList>> {
    return this.#get("/mcp/servers", options);
  }

  /** One tool server. */
  async getMcpServer(
    { serverId }: { serverId: string },
    options?: CallOptions,
  ): Promise<Result<ConfigBlock>> {
    return this.#get(path`/mcp/servers/${{ serverId }}`, options);
  }

  /** The tools of all servers. */
  async getMcpTools(options?: CallOptions): Promise<Result<McpToolList>> {
    return this.#get("/mcp/tools", options);
  }

  /** Names of the secrets, with their values masked. */
  async getSecrets(options?: CallOptions): Promise<Result<SecretList>> {
    return this.#get("/secrets", options);
  }

  /** The masked value of one secret. Throws `NotFoundError` when there is none; no call gives a value in clear. */
  async getSecret({ key }: { key: string }, options?: CallOptions): Promise<string> {
    const name = secretName(requireText("key", key));
    const masked = (await this.getSecrets(options)).secrets[name];
    if (masked !== undefined) return masked;
    throw new NotFoundError(`There is no secret ${name}`, { code: "SECRET_NOT_FOUND", statusCode: 404 });
  }

  /** Sets a secret, whether it exists or not. */
  async setSecret(
    { key, value }: { key: string; value: string },
    options?: CallOptions,
  ): Promise<Result<Confirmation>> {
    const changed = {
      method: "PUT",
      path: path`/secrets/${{ key }}`,
      key: "admin",
      json: { value },
    } as const;
    try {
      return await this.call(
        { method: "POST", path: "/secrets", key: "admin", json: { key, value } },
        options,
      );
    } catch (error) {
      if (error instanceof ConflictError && error.code === "SECRET_EXISTS")
        return this.call(changed, options);
      throw error;
    }
  }

  /** Removes a secret. Throws `ConflictError` while the formation uses it. */
  async deleteSecret({ key }: { key: string }, options?: CallOptions): Promise<Result<Confirmation>> {
    return this.call({ method: "DELETE", path: path`/secrets/${{ key }}`, key: "admin" }, options);
  }

  /** Reads the formation's secrets file again. */
  async reloadSecrets(options?: CallOptions): Promise<Result<SecretsReloaded>> {
    return this.call({ method: "POST", path: "/secrets/reload", key: "admin" }, options);
  }

  /** The models, and how they are used. */
  async getLlmSettings(options?: CallOptions): Promise<Result<ConfigBlock>> {
    return this.#get("/llm/settings", options);
  }

  /** How the overlord answers, plans and asks back. */
  async getOverlordConfig(options?: CallOptions): Promise<Result<ConfigBlock>> {
    return this.#get("/overlord", options);
  }

  /** As whom the overlord speaks. */
  async getOverlordPersona(options?: CallOptions): Promise<Result<OverlordPersona>> {
    return this.#get("/overlord/persona", options);
  }

  /** How requests run in the background. */
  async getAsyncConfig(options?: CallOptions): Promise<Result<ConfigBlock>> {
    return this.#get("/async", options);
  }

  /** How the formation talks to other formations. */
  async getA2aConfig(options?: CallOptions): Promise<Result<ConfigBlock>> {
    return this.#get("/a2a", options);
  }

  /** What is logged, and how. */
  async getLoggingConfig(options?: CallOptions): Promise<Result<ConfigBlock>> {
    return this.#get("/logging", options);
  }

  /** Where the log goes. */
  async getLoggingDestinations(options?: CallOptions): Promise<Result<LoggingDestinations>> {
    return this.#get("/logging/destinations", options);
  }

  /**
   * The lines of the log that fit, from now until the loop is left.
   *
   * @example
   * for await (const { level, message } of formation.streamLogs({ level: "ERROR" })) console.log(level, message);
   */
  streamLogs(filter: LogFilter, options: StreamOptions = {}): EventStream<LogEntry> {
    const query = {
      user_id: filter.userId,
      session_id: filter.sessionId,
      request_id: filter.requestId,
      agent_id: filter.agentId,
      level: filter.level,
      event_type: filter.eventType,
    };
    if (Object.values(query).every((value) => value === undefined)) {
      throw new ConfigurationError(
        "filter",
        "say which lines: userId, sessionId, requestId, agentId, level or eventType",
      );
    }
    return this.follow({ path: "/logs", key: "admin", query }, options, decodeJson<LogEntry>);
  }

  /** Who changed what. */
  async getAuditLog(filter: AuditFilter = {}, options?: CallOptions): Promise<Result<AuditLog>> {
    const { limit, action, resourceType, since } = filter;
    const query = { limit, action, resource_type: resourceType, since };
    return this.call({ path: "/audit", key: "admin", query }, options);
  }

  /** Empties the audit log. */
  async clearAuditLog(options?: CallOptions): Promise<Result<AuditCleared>> {
    const query = { confirm: "clear-audit-log" };
    return this.call({ method: "DELETE", path: "/audit", key: "admin", query }, options);
  }

  /** Reads knowledge sources again: all of them, those of one agent, or one. */
  async rebuildKnowledge(
    { agentId, sourceId }: { agentId?: string | undefined; sourceId?: string | undefined } = {},
    options?: CallOptions,
  ): Promise<Result<KnowledgeRebuilt>> {
    const json = { agent_id: agentId, source_id: sourceId };
    return this.call({ method: "POST", path: "/knowledge/rebuild", key: "admin", json }, options);
  }

  async #get<Data>(path: string, options?: CallOptions): Promise<Result<Data>> {
    return this.call({ path, key: "admin" }, options);
  }
}
