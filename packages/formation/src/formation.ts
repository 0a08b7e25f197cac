import type { Mapping } from "./base/index.ts";
import type { KnowledgeConfig } from "./schema/knowledge.ts";
import type { Manifest } from "./schema/manifest.ts";
import type { ApprovalRule, McpServerConfig, ToolFilter } from "./schema/mcp-server.ts";
import type { ModelEntry } from "./schema/models.ts";

interface Component {
  /** File that defines it, relative to the formation folder; absent for what is built in. */
  source?: string;
  /** As written, fit to be shown: references stay references, hard-coded secrets are masked. */
  document: Mapping;
}

/** An MCP server of a formation, or of one agent (docs/spec/formation-files.md "MCP server files"). */
export type McpServerDefinition = McpServerConfig & Component;

/** A server of the formation that an agent may use; `tools` narrows its tools. */
export interface ServerAttachment {
  id: string;
  tools?: ToolFilter | undefined;
}

/** An agent with secrets filled in and defaults added (docs/spec/formation-files.md "Agent files"). */
export interface AgentDefinition extends Component {
  id: string;
  name: string;
  description: string;
  system_message?: string | undefined;
  role: string;
  specialties: string[];
  llm_models: ModelEntry[];
  /** Servers of the formation that it may use, and servers of its own, which have a `type`. */
  mcp_servers: (ServerAttachment | McpServerDefinition)[];
  tools?: { approval?: ApprovalRule | undefined } | undefined;
  skills: string[];
  knowledge?: KnowledgeConfig | undefined;
  a2a: { internal: boolean; external: boolean };
  author?: string | undefined;
  url?: string | undefined;
  version?: string | undefined;
  license?: string | undefined;
}

/** A formation, read and checked. */
export interface Formation {
  /** Absolute path of the folder. */
  dir: string;
  /** Relative to `dir`. */
  manifestFile: string;
  id: string;
  /** The id when the manifest has no name. */
  name: string;
  description: string;
  /** `0.0.0` when the manifest has none. */
  version: string;
  /** With secrets filled in and defaults added: must never be shown. */
  manifest: Manifest;
  /**
   * The whole formation as written, with its agents and servers inline, fit to be shown: references stay references,
   * hard-coded secrets are masked.
   */
  document: Mapping;
  /** At least one: a formation without agents has the built-in `muxi-generalist`. */
  agents: AgentDefinition[];
  mcpServers: McpServerDefinition[];
  /** Names of all stored secrets, sorted. */
  secretNames: string[];
  /** Names of the secrets that the formation refers to, sorted. */
  usedSecrets: string[];
  /** Names of the environment variables that the formation may read, sorted: keys of providers, and references. */
  variables: string[];
  /** Voice of every answer (docs/spec/formation-files.md "Soul"). */
  soul: string;
}
