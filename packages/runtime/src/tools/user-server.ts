import { credentialServices, type McpServerDefinition, withCredentials } from "@muxi/formation";
import { LruMap } from "../base/index.ts";
import type { Owner } from "../store/index.ts";
import type { McpConnection } from "./connection.ts";
import type { ToolOutcome } from "./tool.ts";

/** Where the credentials of a server's users come from (docs/spec/formation-files.md "User credentials"). */
export interface Credentials {
  ofUser(owner: Owner, service: string): Promise<{ name: string; token: string }[]>;
  /** The formation's own, with which tools are listed at start. */
  ofFormation(service: string): string | undefined;
  /** What a user is told who has none. */
  redirectMessage: string | undefined;
  /** Whether users may give them in the chat, to servers with `auth.accept_inline`. */
  isDynamic: boolean;
}

/** A server that each user reaches with credentials of their own. */
export interface UserServer {
  call(owner: Owner, name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolOutcome>;
  close(): Promise<void>;
}

/** The argument by which a model says which one it means of several credentials. */
export const chosenCredential = "muxi_credential";

/** What the model is told of it. */
export const chosenCredentialSchema = {
  type: "string",
  description: "Name of the user's credential to act with. Leave it out unless you are asked for it.",
};

const isUnauthorized = async (error: unknown): Promise<boolean> =>
  (await import("./mcp-client.ts")).isUnauthorized(error);

/** Connections that are kept ready; the one that was used longest ago makes room. */
const mostConnections = 200;

/** The server with the formation's own credentials. */
export const asFormation = (server: McpServerDefinition, { ofFormation }: Credentials): McpServerDefinition =>
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

/** Whether servers take credentials that their users type. */
export const takesTyped = (
  { auth }: McpServerDefinition,
  { isDynamic }: Pick<Credentials, "isDynamic">,
): boolean => isDynamic && auth?.accept_inline === true;

export const createUserServer = (
  server: McpServerDefinition,
  credentials: Credentials,
  connect: (definition: McpServerDefinition) => McpConnection,
): UserServer => {
  const services = credentialServices(server);
  /**
   * By the credentials they use, so that two users never share one (docs/spec/formation-files.md "User credentials").
   */
  const connections = new LruMap<string, McpConnection>({
    most: mostConnections,
    onEvicted: (connection) => void connection.close(),
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

  /** The model reads it where the user cannot be asked. */
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
      await Promise.all(connections.values().map((connection) => connection.close()));
    },
  };
};
