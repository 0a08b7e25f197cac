import { credentialServices, type McpServerDefinition, withCredentials } from "@muxi/formation";
import { LRUCache } from "lru-cache";
import type { Owner } from "../store/index.ts";
import type { McpConnection } from "./connection.ts";
import type { ToolOutcome } from "./tool.ts";

/** Where the credentials for MCP servers come from (docs/spec/formation-files.md "User credentials"). */
export interface CredentialSource {
  ofUser(owner: Owner, service: string): Promise<{ name: string; token: string }[]>;
  /** The formation's own credential, with which tools are listed at the start. */
  ofFormation(service: string): string | undefined;
  /** What to tell a user who has no credential. */
  redirectMessage: string | undefined;
  /** Whether users may give credentials in the chat, for servers with `auth.accept_inline`. */
  isDynamic: boolean;
}

/** A server that each user reaches with credentials of their own. */
export interface UserServer {
  call(owner: Owner, name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolOutcome>;
  close(): Promise<void>;
}

/** The argument by which a model chooses among several credentials. */
export const chosenCredential = "muxi_credential";

/** Its description for the model. */
export const chosenCredentialSchema = {
  type: "string",
  description: "Name of the user's credential to act with. Leave it out unless you are asked for it.",
};

const isUnauthorized = async (error: unknown): Promise<boolean> =>
  (await import("./mcp-client.ts")).isUnauthorized(error);

/** Most connections to keep open. */
const mostConnections = 200;

/** The definition of a server with the formation's own credentials filled in. */
export const asFormation = (
  server: McpServerDefinition,
  { ofFormation }: CredentialSource,
): McpServerDefinition =>
  withCredentials(
    server,
    Object.fromEntries(
      credentialServices(server).flatMap((service) => {
        const token = ofFormation(service);
        return token === undefined ? [] : [[service, token]];
      }),
    ),
  );

const refusal = (text: string): ToolOutcome => ({ text, failed: true });

/** Whether users may type credentials for a server in the chat. */
export const takesTyped = (
  { auth }: McpServerDefinition,
  { isDynamic }: Pick<CredentialSource, "isDynamic">,
): boolean => isDynamic && auth?.accept_inline === true;

export const createUserServer = (
  server: McpServerDefinition,
  credentials: CredentialSource,
  connect: (definition: McpServerDefinition) => McpConnection,
): UserServer => {
  const services = credentialServices(server);
  /**
   * By their credentials, so that two users never share a connection (docs/spec/formation-files.md "User credentials").
   */
  const connections = new LRUCache<string, McpConnection>({
    max: mostConnections,
    dispose: (connection, _, reason) => {
      if (reason === "evict") void connection.close();
    },
  });

  const connectionFor = (tokens: Record<string, string>): McpConnection => {
    const fingerprint = JSON.stringify(tokens);
    const kept = connections.get(fingerprint);
    if (kept) return kept;
    const connection = connect(withCredentials(server, tokens));
    connections.set(fingerprint, connection);
    return connection;
  };

  const isTyped = takesTyped(server, credentials);

  /** Asks for a credential. The model reads this when the user cannot be asked directly. */
  const askedFor = (service: string, reason: string): ToolOutcome => ({
    ...refusal(
      `${reason} Tell them: ${
        credentials.redirectMessage ??
        `To use ${service}, add your credential for it in your account settings.`
      }`,
    ),
    ...(isTyped && { credential: service }),
  });

  const missing = (service: string) =>
    askedFor(
      service,
      `The user has not given this formation a credential for ${service} yet, so nothing was called.`,
    );

  const several = (service: string, names: readonly string[]) =>
    refusal(
      `The user has several credentials for ${service}: ${names.join(", ")}. Take the one that the conversation ` +
        `names and call again with ${chosenCredential} set to it; if it names none, ask the user.`,
    );

  return {
    async call(owner, name, { [chosenCredential]: wanted, ...args }, signal) {
      const tokens: Record<string, string> = {};
      for (const service of services) {
        const stored = await credentials.ofUser(owner, service);
        const chosen = stored.length === 1 ? stored[0] : stored.find((each) => each.name === wanted);
        if (stored.length === 0) return missing(service);
        if (!chosen) {
          return several(
            service,
            stored.map((each) => each.name),
          );
        }
        tokens[service] = chosen.token;
      }
      try {
        return await connectionFor(tokens).call(name, args, signal);
      } catch (error) {
        const [service] = services;
        if (!isTyped || service === undefined || !(await isUnauthorized(error))) throw error;
        return askedFor(service, `The server has refused the user's credential for ${service}.`);
      }
    },

    async close() {
      await Promise.all([...connections.values()].map((connection) => connection.close()));
    },
  };
};
