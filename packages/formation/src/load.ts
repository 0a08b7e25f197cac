import { isObject } from "@muxi/protocol";
import { checkAccessControl } from "./access-control.ts";
import { builtInAgent, checkAgent } from "./agents.ts";
import {
  type Environment,
  emptyReport,
  FormationError,
  locateFormation,
  type Mapping,
  type Report,
  readSource,
} from "./base/index.ts";
import { checkAgentServers, checkManifest, checkRuntime, checkSouls } from "./checks.ts";
import { type DeclaredKind, loadComponents } from "./components.ts";
import { checkDatabase } from "./database.ts";
import type { AgentDefinition, Formation, McpServerDefinition } from "./formation.ts";
import { checkKnowledge } from "./knowledge-checks.ts";
import { modernizeManifest } from "./legacy.ts";
import { fillInReferences, type LoadContext } from "./load-context.ts";
import { maskSecrets } from "./masking.ts";
import { checkServer } from "./mcp-servers.ts";
import { checkModels, withEmbeddingProvider } from "./model-checks.ts";
import { manifestSchema } from "./schema/manifest.ts";
import { checkScripts } from "./scripts.ts";
import { openSecrets, type Secrets, SecretsError } from "./secrets/index.ts";
import { checkSkills, namedSkills } from "./skill-checks.ts";
import { checkSops } from "./sop-checks.ts";
import { loadSoul } from "./soul.ts";
import { checkTriggers } from "./triggers.ts";
import { checkUnread } from "./unread.ts";
import { validate } from "./validate.ts";
import { readableVariables } from "./variables.ts";
import { releaseVersion } from "./versions.ts";

export interface LoadOptions {
  /** Where `${{ env.NAME }}` is looked up. Secrets never come from here. Default: nothing is set. */
  env?: Environment;
  /** False makes every `${{ env.NAME }}` an error, as for a deployed formation. Default true. */
  allowEnv?: boolean;
  /** Whether an id that no server accepts is an error rather than a warning. Default false. */
  forServer?: boolean;
  /** Version that the manifest's `runtime` is compared with. Default: that of this release. */
  runtimeVersion?: string | undefined;
}

export interface LoadResult {
  /** Absent when the report has errors. */
  formation?: Formation;
  report: Report;
}

const agentKind: DeclaredKind<AgentDefinition> = {
  noun: "agent",
  folders: ["agents"],
  path: ["agents"],
  check: checkAgent,
};

const serverKind: DeclaredKind<McpServerDefinition> = {
  noun: "MCP server",
  folders: ["mcps", "mcp"],
  path: ["mcp", "servers"],
  check: checkServer,
};

const serversOf = ({ mcp }: Mapping): unknown => (isObject(mcp) ? mcp.servers : undefined);

/** The entries of the right type; the manifest's schema reports the others. */
const entriesOf = (list: unknown): (string | Mapping)[] =>
  Array.isArray(list) ? list.filter((entry) => typeof entry === "string" || isObject(entry)) : [];

const secretsOf = async (dir: string, report: Report): Promise<Secrets | undefined> => {
  try {
    return await openSecrets(dir);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    const { file, message, hint } = error;
    report.errors.push({ file, path: "", message, ...(hint !== undefined && { hint }) });
    return undefined;
  }
};

const documentOf = (written: Mapping, agents: AgentDefinition[], servers: McpServerDefinition[]): Mapping => {
  const masked = maskSecrets(written);
  const document = isObject(masked) ? masked : {};
  const mcp = isObject(document.mcp) ? document.mcp : {};
  return {
    ...document,
    agents: agents.map((agent) => agent.document),
    ...((servers.length > 0 || "mcp" in document) && {
      mcp: { ...mcp, servers: servers.map((server) => server.document) },
    }),
  };
};

/**
 * Reads and checks a formation (docs/spec/formation-files.md "The folder"): a folder, or one file with everything
 * inline. It changes nothing on disk, and what is wrong with the formation is in the report rather than thrown.
 *
 * @param path Folder, manifest or flattened file (YAML or JSON).
 */
export const loadFormation = async (path: string, options: LoadOptions = {}): Promise<LoadResult> => {
  const report = emptyReport();
  const location = await locateFormation(path);
  if ("problem" in location) {
    report.errors.push(location.problem);
    return { report };
  }
  const { dir, manifestFile, isFlattened } = location;
  const [read, secrets] = await Promise.all([readSource(dir, manifestFile), secretsOf(dir, report)]);
  if ("problem" in read) report.errors.push(read.problem);
  if ("problem" in read || !secrets) return { report };

  const env = options.allowEnv === false ? undefined : (options.env ?? {});
  const loading: LoadContext = {
    dir,
    lookup: { secrets, env },
    forServer: options.forServer ?? false,
    report,
    usedSecrets: new Set(),
    usedVariables: new Set(),
    userCredentials: [],
  };
  const written = read.source;
  const source = fillInReferences(loading, written);
  const place = { source, base: [] };
  const { data, warnings } = modernizeManifest(source.data, place);
  report.warnings.push(...written.warnings, ...warnings);
  const checked = validate(manifestSchema, data, place);
  report.warnings.push(...checked.warnings);
  if ("errors" in checked) report.errors.push(...checked.errors);

  // Even when the manifest has errors, so that one report names everything that is wrong.
  const hasFolders = !isFlattened;
  const loadedAgents = await loadComponents(loading, agentKind, {
    source,
    hasFolders,
    entries: entriesOf(data.agents),
    written: written.data.agents,
  });
  const loadedServers = await loadComponents(loading, serverKind, {
    source,
    hasFolders,
    entries: entriesOf(serversOf(data)),
    written: serversOf(written.data),
  });
  const areAllLoaded = report.errors.length === 0;
  if ("errors" in checked) return { report };

  const agents =
    loadedAgents.length > 0 ? loadedAgents.map(({ definition }) => definition) : [builtInAgent()];
  const mcpServers = loadedServers.map(({ definition }) => definition);
  const manifest = withEmbeddingProvider(loading, checked.value, place);
  const soul = await loadSoul(hasFolders ? dir : undefined, manifest.overlord.soul, report);
  await checkDatabase(loading, manifest, place);
  await checkAccessControl(loading, data, place, hasFolders);
  checkManifest(loading, manifest, mcpServers, place);
  checkRuntime(loading, manifest, place, options.runtimeVersion ?? releaseVersion);
  const ofTriggers = hasFolders ? await checkTriggers(loading, manifest.llm.aliases) : [];
  const providers = checkModels(loading, manifest, place, loadedAgents, ofTriggers);
  checkSouls(loading, loadedAgents);
  checkAgentServers(loading, loadedAgents, mcpServers);
  await checkKnowledge(loading, manifest, loadedAgents);
  await checkScripts(loading, loadedAgents, loadedServers);
  if (hasFolders) {
    // What an agent that could not be loaded would have named is not said to be missing.
    const known = areAllLoaded ? { agents, mcpServers } : undefined;
    await checkSops(
      loading,
      known?.agents,
      known?.mcpServers.map(({ id }) => id),
    );
    await checkSkills(loading, namedSkills(manifest, place, loadedAgents));
    await checkUnread(loading, manifestFile, known);
  }
  if (report.errors.length > 0) return { report };
  const formation: Formation = {
    dir,
    manifestFile,
    id: manifest.id,
    name: manifest.name ?? manifest.id,
    description: manifest.description,
    version: manifest.version ?? "0.0.0",
    manifest,
    document: documentOf(written.data, agents, mcpServers),
    agents,
    mcpServers,
    secretNames: secrets.names(),
    usedSecrets: [...loading.usedSecrets].sort(),
    variables: readableVariables(providers, loading.usedVariables),
    soul,
  };
  return { formation, report };
};

/**
 * Reads a formation as {@link loadFormation} does.
 *
 * @throws FormationError when it has errors; its message names file, field, problem and remedy of each.
 */
export const openFormation = async (path: string, options: LoadOptions = {}): Promise<Formation> => {
  const { formation, report } = await loadFormation(path, options);
  if (!formation) throw new FormationError(path, report);
  return formation;
};
