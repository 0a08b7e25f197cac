/** A formation's files: reads, checks and creates the folder, and keeps its secrets. */
export { type ApiKeys, resolveApiKeys } from "./api-keys.ts";
export { type CreatedFormation, type CreateOptions, createFormation } from "./create.ts";
export { resolveInside } from "./files.ts";
export { findFormationDir } from "./find.ts";
export type { AgentDefinition, Formation, McpServerDefinition, ServerAttachment } from "./formation.ts";
export { type LoadOptions, type LoadResult, loadFormation, openFormation } from "./load.ts";
export type { ModelConfig } from "./model-config.ts";
export { modelFor, type OverlordStage, overlordModelFor, textModelFor } from "./models.ts";
export { normalizeName } from "./names.ts";
export { type Finding, FormationError, formatReport, type Report } from "./report.ts";
export type { KnowledgeConfig, KnowledgeSource } from "./schema/knowledge.ts";
export type { Manifest } from "./schema/manifest.ts";
export type { McpServerConfig, ToolFilter } from "./schema/mcp-server.ts";
export type { Capability, ModelEntry, ModelSettings } from "./schema/models.ts";
export * from "./secrets/index.ts";
