/** Configuration, secrets, logs and the audit log (contract/formation-api.md 4.11 to 4.18, 4.21). */

/** A block of the formation document, its secrets as placeholders. */
export type ConfigBlock = Record<string, unknown>;

/** Defaults for all tool servers, and the servers. */
export interface McpConfig {
  default_retry_attempts: number;
  default_timeout_seconds: number;
  max_tool_iterations: number;
  max_tool_calls: number;
  max_repeated_errors: number;
  max_timeout_in_seconds: number;
  max_tool_timeout_in_seconds: number;
  enhance_user_prompts: boolean;
  servers: unknown;
}

/** The tool servers. */
export interface McpServerList {
  servers: ConfigBlock[];
  count: number;
}

/** A tool of the formation. */
export interface McpTool {
  name: string;
  description: string;
  access: "admin" | "client";
  parameters: unknown;
}

/** The tools of all servers. */
export interface McpToolList {
  tools: McpTool[];
}

/** Which secrets there are, without their values. */
export interface SecretList {
  /** Name and masked value. */
  secrets: Record<string, string>;
  count: number;
}

/** Names of the secrets that a reload found. */
export interface SecretsReloaded {
  message: string;
  added: string[];
  overwritten: string[];
  preserved: string[];
}

/** As whom the overlord speaks. */
export interface OverlordPersona {
  persona: string;
}

/** Where the log of the system and that of conversations go. */
export interface LoggingDestinations {
  system: { level: string; destination: string };
  conversation: {
    destinations: {
      id: string;
      transport: string;
      level: string;
      format: string;
      enabled: boolean;
      destination?: string;
    }[];
    count: number;
  };
}

/** A line of the log (contract/formation-api.md 5.4). */
export interface LogEntry {
  timestamp: unknown;
  level: string | null;
  event_type: string | null;
  user_id: string | null;
  session_id: string | null;
  request_id: string | null;
  agent_id: string | null;
  message: string | null;
  data: unknown;
}

/** What was changed, newest first. */
export interface AuditLog {
  entries: Record<string, unknown>[];
  total_entries: number;
  limit: number;
}

/** How much the audit log held before it was emptied. */
export interface AuditCleared {
  previous_entries_count: number;
  cleared_by: string;
  message: string;
}

/** For each agent, which knowledge sources were read again. */
export interface KnowledgeRebuilt {
  agents: Record<string, { rebuilt: unknown; failed: unknown; skipped: unknown }>;
}
