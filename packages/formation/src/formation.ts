import type { Data } from "./base/index.ts";
import type { KnowledgeConfig } from "./schema/knowledge.ts";
import type { Manifest } from "./schema/manifest.ts";
import type { McpServerConfig, ToolFilter } from "./schema/mcp-server.ts";
import type { ModelEntry } from "./schema/models.ts";

interface Component {
  /** File that defines it, relative to the formation folder; absent for what is built in. */
  source?: string;
  /** As written, for showing: references to secrets stay references, and what is hard-coded is masked. */
  document: Data;
}

/** An MCP server of a formation, or of one agent (contract/formation.md 4). */
export type McpServerDefinition = McpServerConfig & Component;

/** A server of the formation that an agent uses, with fewer tools where `tools` is given. */
export interface ServerAttachment {
  id: string;
  tools?: ToolFilter | undefined;
}

/** An agent with secrets filled in and defaults added (contract/formation.md 3). */
export interface AgentDefinition extends Component {
  id: string;
  name: string;
  description: string;
  system_message?: string | undefined;
  role: string;
  specialties: string[];
  llm_models: ModelEntry[];
  /** Attachments to the formation's servers, and servers that only this agent sees: those have a `type`. */
  mcp_servers: (ServerAttachment | McpServerDefinition)[];
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
  /** With secrets filled in and defaults added: never to be shown. */
  manifest: Manifest;
  /**
   * The whole formation as written, with its agents and servers inline, for showing: references to secrets stay
   * references, and what is hard-coded is masked.
   */
  document: Data;
  /** At least one: a formation that defines none has the built-in `muxi-generalist`. */
  agents: AgentDefinition[];
  mcpServers: McpServerDefinition[];
  /** Names of all secrets that the folder stores, sorted. */
  secretNames: string[];
  /** Names of the secrets that the formation refers to, sorted. */
  usedSecrets: string[];
  /** Voice of every answer (contract/formation.md 2.5). */
  soul: string;
}
