import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { isHidden, isMissing, isSystemError, isThere, manifestNames } from "./base/index.ts";
import { componentExtensions } from "./component-files.ts";
import { closest } from "./did-you-mean.ts";
import type { AgentDefinition, McpServerDefinition } from "./formation.ts";
import type { LoadContext } from "./load-context.ts";
import { secretFiles, templateValues } from "./secrets/index.ts";
import { soulFiles } from "./soul.ts";

/** What becomes of a folder's files, by the endings of those that are read. */
const folders: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["agents", componentExtensions],
  ["mcp", componentExtensions],
  ["mcps", componentExtensions],
  ["triggers", new Set([".md"])],
]);

/** Folders whose files have no effect, and what to use instead. */
const idleFolders: ReadonlyMap<string, string> = new Map([
  ["a2a", "Agents can ask only agents of this formation"],
  ["transformers", "A webhook gets the answer as it is"],
  ["coding", "Remove it"],
  ["schedules", "Make a job with POST /v1/scheduler/jobs"],
]);

const knownFolders = [...folders.keys(), ...idleFolders.keys(), "sops", "skills", "groups", "knowledge"];

/** The files of a folder and of those below it; none when it is missing, no folder, or closed to this process. */
const filesBelow = async (dir: string, folder: string, recursive: boolean): Promise<string[]> => {
  try {
    const entries = await readdir(join(dir, folder), { withFileTypes: true, recursive });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, folder).length + 1))
      .filter((file) => !isHidden(file))
      .sort();
  } catch (error) {
    if (isMissing(error) || isSystemError(error, "ENOTDIR", "EACCES", "EPERM")) return [];
    throw error;
  }
};

const lockFiles = ["package-lock.json", "npm-shrinkwrap.json"];

/**
 * A bundle has no `node_modules`. A server can install what belongs into the one at the top, by the lock file beside it
 * (docs/spec/server-api.md "Packages of a bundle").
 */
const checkPackages = async ({ dir, report }: LoadContext): Promise<void> => {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.map(({ name }) => name);
  const message = "is left out of a bundle, so on a server tools and providers find no packages in it";
  const warn = (file: string, hint: string) => report.warnings.push({ file, path: "", message, hint });

  const isInstalled = names.includes("package.json") && lockFiles.some((name) => names.includes(name));
  if (names.includes("node_modules") && !isInstalled) {
    const hint =
      "Bundle each tool into one file, or add package.json and its lock file (npm install), which a server with formations.install_packages installs";
    warn("node_modules", hint);
  }
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !isHidden(entry.name))) {
    if (name === "node_modules" || !(await isThere(join(dir, name, "node_modules")))) continue;
    warn(
      `${name}/node_modules`,
      "Bundle each tool into one file, or move package.json and its lock file to the top",
    );
  }
};

/** Warns of files at the top that another one replaces, or whose names are slightly wrong. */
const checkTop = async ({ dir, report }: LoadContext, manifestFile: string): Promise<void> => {
  const warn = (file: string, message: string, hint: string) =>
    report.warnings.push({ file, path: "", message, hint });
  const names = (await readdir(dir)).sort();
  for (const name of names) {
    if (manifestNames.some((each) => each === name) && name !== manifestFile) {
      warn(name, `is not read, because there is ${manifestFile}`, "Remove one of them");
    }
  }
  const soul = soulFiles.find((name) => names.includes(name));
  for (const name of names.filter((each) => /^(soul|persona)\.(md|markdown|txt)$/i.test(each))) {
    if (name === soul) continue;
    const hint = soul === undefined ? "Name it SOUL.md" : "Remove one of them";
    warn(name, soul === undefined ? "is not read" : `is not read, because there is ${soul}`, hint);
  }
  for (const { name, line } of await templateValues(dir)) {
    const message = `has a value for ${name}, which is not read`;
    const hint = `Run: muxi secrets set ${name}. Then remove the value: this file is meant to be shared`;
    report.warnings.push({ file: secretFiles.template, path: "", message, hint, line });
  }
};

/** Of one folder; of more, only the folder is named. */
const mostNamed = 10;

/** The components of a formation. */
export interface Components {
  agents: readonly AgentDefinition[];
  mcpServers: readonly McpServerDefinition[];
}

/** Paths that some component names. */
const namedPaths = ({ agents, mcpServers }: Components): string[] => {
  const sources = agents.flatMap(({ knowledge }) => knowledge?.sources ?? []);
  const programs = mcpServers.flatMap((server) =>
    server.type === "command" ? [server.command, server.working_directory ?? "", ...server.args] : [],
  );
  return [...sources.map(({ path }) => path ?? ""), ...programs].map((path) => path.replace(/^\.\//, ""));
};

const topOf = (path: string): string => path.split("/")[0] ?? "";

/** Endings of files that their author may take for components or triggers. */
const looksMeant = (ending: string, read: ReadonlySet<string>): boolean =>
  /^\.(json|toml|txt|md|markdown|afs|ya?ml)$/i.test(ending) || closest(ending, [...read]) !== undefined;

/**
 * Warns of files and folders that look as if they did something and do not (docs/spec/formation-files.md
 * "Files that nothing reads").
 *
 * @param components Undefined when not all of them are known.
 */
export const checkUnread = async (
  loading: LoadContext,
  manifestFile: string,
  components: Components | undefined,
): Promise<void> => {
  const { dir, report } = loading;
  const warn = (file: string, message: string, hint: string) =>
    report.warnings.push({ file, path: "", message, hint });
  const warnOfEach = (folder: string, names: readonly string[], message: string, hint: string) => {
    if (names.length > mostNamed) warn(folder, `${message} (${names.length} of its files)`, hint);
    else for (const name of names) warn(`${folder}/${name}`, message, hint);
  };
  const named = components && namedPaths(components);

  for (const [folder, read] of folders) {
    const names = (await filesBelow(dir, folder, false)).filter(
      (name) =>
        !read.has(extname(name)) &&
        looksMeant(extname(name), read) &&
        name !== "README.md" &&
        !named?.includes(`${folder}/${name}`),
    );
    warnOfEach(folder, names, "is not read", `The files of ${folder}/ end in ${[...read].join(", ")}`);
  }
  for (const [folder, instead] of idleFolders) {
    const names = (await filesBelow(dir, folder, true)).filter((name) => name !== "README.md");
    warnOfEach(folder, names, "has no effect", instead);
  }
  if ((await filesBelow(dir, "mcps", false)).length > 0) {
    const names = (await filesBelow(dir, "mcp", false)).filter((name) =>
      componentExtensions.has(extname(name)),
    );
    warnOfEach("mcp", names, "is not read, because there is a folder mcps/", "Move it to mcps/");
  }
  if (named) {
    const tops = new Set(named.map(topOf));
    const isKnowledgeNamed = tops.has("knowledge") || tops.has(".");
    if (!isKnowledgeNamed && (await filesBelow(dir, "knowledge", true)).length > 0) {
      warn("knowledge", "is read by no agent", "Name it in knowledge.sources of an agent");
    }
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const { name } = entry;
      if (!entry.isDirectory() || isHidden(name) || knownFolders.includes(name) || tops.has(name)) continue;
      const meant = closest(name, knownFolders);
      if (meant !== undefined) warn(name, "is a folder that nothing reads", `Did you mean ${meant}?`);
    }
  }
  await checkTop(loading, manifestFile);
  await checkPackages(loading);
};
