/** Formation folders: reads, validates, creates and packs them, and stores their secrets. */
export { type ApiKeys, resolveApiKeys } from "./api-keys.ts";
export {
  createAtomically,
  type Environment,
  type Finding,
  FormationError,
  formatErrors,
  formatReport,
  isMissing,
  isSystemError,
  type Report,
  resolveInside,
  systemCode,
  writeAtomically,
} from "./base/index.ts";
export { type ComponentKind, componentKinds } from "./component-template.ts";
export { type CreatedFormation, type CreateOptions, createFormation } from "./create.ts";
export { type CreatedComponent, createComponent } from "./create-component.ts";
export { databaseOf, type FormationDatabase } from "./database.ts";
export { findFormationDir, type ManifestSummary, summarizeManifest } from "./find.ts";
export type { AgentDefinition, Formation, McpServerDefinition, ServerAttachment } from "./formation.ts";
export { readFrontmatter } from "./frontmatter.ts";
export { type LoadOptions, type LoadResult, loadFormation, openFormation } from "./load.ts";
export { setManifestVersion } from "./manifest-edit.ts";
export { mask, maskSecrets, secretFieldName } from "./masking.ts";
export { isServerDefinition } from "./mcp-servers.ts";
export type { ModelConfig } from "./model-config.ts";
export {
  apiKeyVariables,
  embeddingModelFor,
  modelFor,
  namedModel,
  type OverlordStage,
  overlordModelFor,
  splitModelId,
  textModelFor,
} from "./models.ts";
export { normalizeName } from "./names.ts";
export { type Bundle, type PackOptions, packFormation } from "./pack.ts";
export type { KnowledgeConfig, KnowledgeSource } from "./schema/knowledge.ts";
export type { Manifest } from "./schema/manifest.ts";
export type { McpServerConfig, ToolFilter } from "./schema/mcp-server.ts";
export type { Capability, ModelEntry, ModelSettings } from "./schema/models.ts";
export * from "./secrets/index.ts";
export { readSkills, type Skill } from "./skills.ts";
export { readSops, type Sop } from "./sops.ts";
export { readTrigger, type Trigger, triggerNamePattern, triggerNames } from "./triggers.ts";
export { credentialServices, withCredentials } from "./user-credentials.ts";
export {
  bumpVersion,
  compareVersions,
  isVersion,
  meetsConstraint,
  releaseVersion,
  type VersionPart,
  versionParts,
} from "./versions.ts";
