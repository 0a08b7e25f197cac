/** Formation folders: reads, validates, creates and packs them, and stores their secrets. */
export { resolveApiKeys } from "./api-keys.ts";
export {
  type BucketKind,
  type Cron,
  CronError,
  createAtomically,
  dottedPath,
  type Environment,
  type Finding,
  FormationError,
  formatErrors,
  formatReport,
  isSystemError,
  looksLikeCron,
  parseCron,
  type Report,
  readSourceUrl,
  resolveInside,
  type SourceUrl,
  sourceId,
  systemCode,
  writeAtomically,
} from "./base/index.ts";
export { type ComponentKind, componentKinds } from "./component-template.ts";
export { createFormation } from "./create.ts";
export { createComponent } from "./create-component.ts";
export { databaseOf } from "./database.ts";
export { fieldMeantBy } from "./did-you-mean.ts";
export { idleFields } from "./fields.ts";
export { findFormationDir, summarizeManifest } from "./find.ts";
export type { AgentDefinition, Formation, McpServerDefinition } from "./formation.ts";
export { type DocumentFile, knowledgeFiles, knowledgePaths } from "./knowledge.ts";
export { loadFormation, openFormation } from "./load.ts";
export { setManifestVersion } from "./manifest-edit.ts";
export { mask, maskSecrets, secretFieldName } from "./masking.ts";
export { isServerDefinition } from "./mcp-servers.ts";
export type { ModelConfig } from "./model-config.ts";
export {
  apiKeyVariables,
  embeddingModelFor,
  modelFor,
  namedModel,
  overlordModelFor,
  rerankModelFor,
  splitModelId,
  textModelFor,
} from "./models.ts";
export { normalizeName } from "./names.ts";
export { type Bundle, packFormation } from "./pack.ts";
export { providerPackage, rerankProviders } from "./providers.ts";
export type { KnowledgeConfig } from "./schema/knowledge.ts";
export type { KnowledgeSource } from "./schema/knowledge-source.ts";
export type { Manifest } from "./schema/manifest.ts";
export type { ApprovalRule, ToolFilter } from "./schema/mcp-server.ts";
export { serverPrograms } from "./scripts.ts";
export * from "./secrets/index.ts";
export { readSkills, type Skill } from "./skills.ts";
export { cannotWait, createSopReader, readSopFile, readSops, type Sop } from "./sops.ts";
export { readTrigger, triggerNamePattern, triggerNames } from "./triggers.ts";
export { credentialServices, withCredentials } from "./user-credentials.ts";
export { environmentOf } from "./variables.ts";
export {
  bumpVersion,
  compareVersions,
  isVersion,
  releaseVersion,
  type VersionPart,
} from "./versions.ts";
