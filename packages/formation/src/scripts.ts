import { basename, isAbsolute, relative, resolve } from "node:path";
import { isThere } from "./base/index.ts";
import type { Loaded } from "./components.ts";
import type { AgentDefinition, Formation, McpServerDefinition } from "./formation.ts";
import type { LoadContext } from "./load-context.ts";
import { isServerDefinition } from "./mcp-servers.ts";
import { findingAt, type Place } from "./validate.ts";

/** Programs whose first argument that looks like a script is one. */
const interpreters =
  /^(node|bun|deno|tsx|ts-node|python[\d.]*|uv|ruby|perl|php|bash|sh|zsh|pwsh|powershell)(\.exe)?$/;

const script = /^[^-].*\.(mjs|cjs|js|mts|cts|ts|py|rb|pl|php|sh|ps1)$/;

const checkScript = async (
  { dir, report }: LoadContext,
  server: McpServerDefinition,
  place: Place,
): Promise<void> => {
  if (server.type !== "command") return;
  const { command, args, working_directory } = server;
  const folder = resolve(dir, working_directory ?? ".");
  const warn = (path: (string | number)[], name: string) => {
    const from = working_directory === undefined ? "the formation folder" : "working_directory";
    const message = `${name} does not exist, so the server cannot start`;
    report.warnings.push(
      findingAt(place, path, message, `Add the file, or give its path relative to ${from}`),
    );
  };

  if (working_directory !== undefined && !(await isThere(folder))) {
    warn(["working_directory"], working_directory);
    return;
  }
  const isProgram = await isThere(resolve(folder, command));
  if (/^\S+\s/.test(command) && !isProgram) {
    const message = "holds more than the name of a program, so the server cannot start";
    report.warnings.push(findingAt(place, ["command"], message, "Write what comes after it into args"));
  } else if (/^\.{1,2}\/|^\//.test(command) && !isProgram) warn(["command"], command);
  if (!interpreters.test(basename(command))) return;
  const index = args.findIndex((argument) => script.test(argument));
  const argument = args[index];
  if (argument === undefined || argument.includes("${{") || argument.includes("://")) return;
  if (!(await isThere(resolve(folder, argument)))) warn(["args", index], argument);
};

/** Warns of servers whose programs or scripts are not there (docs/spec/formation-files.md "MCP server files"). */
export const checkScripts = async (
  loading: LoadContext,
  agents: readonly Loaded<AgentDefinition>[],
  servers: readonly Loaded<McpServerDefinition>[],
): Promise<void> => {
  for (const { definition, place } of servers) await checkScript(loading, definition, place);
  for (const { definition, place } of agents) {
    for (const [index, server] of definition.mcp_servers.entries()) {
      if (!isServerDefinition(server)) continue;
      await checkScript(loading, server, { ...place, base: [...place.base, "mcp_servers", index] });
    }
  }
};

/** Programs and scripts in the formation's folder that its MCP servers run, relative to it. */
export const serverPrograms = ({ dir, agents, mcpServers }: Formation): string[] => {
  const own = agents.flatMap(({ mcp_servers }) => mcp_servers.filter(isServerDefinition));
  const programs = [...mcpServers, ...own].flatMap((server) => {
    if (server.type !== "command") return [];
    const { command, args, working_directory = "." } = server;
    return [...(command.includes("/") ? [command] : []), ...args.filter((argument) => script.test(argument))]
      .map((path) => relative(dir, resolve(dir, working_directory, path)))
      .filter((path) => !path.startsWith("..") && !isAbsolute(path));
  });
  return [...new Set(programs)];
};
