import type { McpServerDefinition } from "./formation.ts";
import { mcpServerSchema } from "./schema/mcp-server.ts";

const reference = /\$\{\{\s*user\.credentials\.([A-Za-z0-9_-]+)\s*\}\}/g;

/**
 * The services, in lower case, whose user credentials a server needs (docs/spec/formation-files.md
 * "User credentials").
 */
export const credentialServices = (server: McpServerDefinition): string[] => {
  const { document: _, ...definition } = server;
  const names = [...JSON.stringify(definition).matchAll(reference)].map(([, name = ""]) =>
    name.toLowerCase(),
  );
  return [...new Set(names)];
};

/**
 * A server with the credentials of one user filled in.
 *
 * @param values By service, in lower case. References to other services stay as written.
 */
export const withCredentials = (
  server: McpServerDefinition,
  values: Readonly<Record<string, string>>,
): McpServerDefinition => {
  const { source, document, ...definition } = server;
  const filled = JSON.stringify(definition).replace(reference, (written, name: string) => {
    const value = Object.hasOwn(values, name.toLowerCase()) ? values[name.toLowerCase()] : undefined;
    return value === undefined ? written : JSON.stringify(value).slice(1, -1);
  });
  return {
    ...mcpServerSchema().parse(JSON.parse(filled)),
    document,
    ...(source !== undefined && { source }),
  };
};
