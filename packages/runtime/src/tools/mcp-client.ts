import { STATUS_CODES } from "node:http";
import path from "node:path";
import {
  Client,
  ProtocolError,
  SdkHttpError,
  SSEClientTransport,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type { Environment, McpServerDefinition } from "@muxi/formation";
import { asError } from "@muxi/http";
import * as z from "zod";
import { createBoundedFetch, ServerLimitError } from "./bounded-fetch.ts";
import { ChildTransport } from "./child-transport.ts";
import { createToolReader, type ToolListing } from "./offered-tools.ts";
import type { ServerResult } from "./results.ts";

type DefinitionOf<Type extends McpServerDefinition["type"]> = Extract<McpServerDefinition, { type: Type }>;

export interface OpenOptions {
  /** The formation's folder, in which programs run. */
  dir: string;
  /** The formation's environment. A program gets only the few variables that it needs. */
  env: Environment;
  /** Milliseconds to connect. */
  timeout: number;
}

const identity = { name: "muxi", version: "0.1.0" };

/** The variables that programs get. Keys and secrets of the formation are not among them. */
const inherited = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "TERM",
  "LANG",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "NODE_EXTRA_CA_CERTS",
];

/** The fields of the `auth` block besides its type, as text. */
const authFields = ({ auth }: McpServerDefinition): Record<string, string> => {
  const { type: _, accept_inline: __, ...fields } = auth ?? { type: "none", accept_inline: false };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
};

/** @throws Error when a field that the type of `auth` needs is missing */
const authHeaders = (server: DefinitionOf<"http">): Record<string, string> => {
  const type = server.auth?.type ?? "none";
  const fields = authFields(server);
  const field = (name: string): string => {
    const value = fields[name];
    if (value !== undefined) return value;
    throw new Error(`auth.${name} of the MCP server ${server.id} is missing: auth.type ${type} needs it`);
  };
  switch (type) {
    case "bearer":
      return { Authorization: `Bearer ${field("token")}` };
    case "basic":
      return {
        Authorization: `Basic ${Buffer.from(`${field("username")}:${field("password")}`).toString("base64")}`,
      };
    case "api_key":
      return { [fields.header ?? "X-API-Key"]: field("key") };
    default:
      return {};
  }
};

/** Whether a server may speak only the older transport: these statuses are how it answers the newer one. */
const isRefusal = (error: unknown): boolean =>
  SdkHttpError.isInstance(error) && [400, 404, 405, 406, 415].includes(error.status);

/** The limits that servers have overstepped, by the client that was left for it. */
const oversteppedBy = new WeakMap<Client, ServerLimitError>();

/** The limit for which a client was closed: what its calls fail with tells only that it was. */
export const overstepped = (client: Client): ServerLimitError | undefined => oversteppedBy.get(client);

/** Closes the connection to a server that oversteps a limit: what else it sends is not read. */
const leave = (client: Client, error: ServerLimitError): void => {
  oversteppedBy.set(client, error);
  client.close().catch(() => {});
};

const openHttp = async (server: DefinitionOf<"http">, { timeout }: OpenOptions): Promise<Client> => {
  const url = new URL(server.endpoint);
  const optionsFor = (client: Client) => ({
    requestInit: { headers: { ...server.headers, ...authHeaders(server) } },
    fetch: createBoundedFetch((error) => leave(client, error)),
  });
  const client = new Client(identity);
  try {
    await client.connect(new StreamableHTTPClientTransport(url, optionsFor(client)), { timeout });
    return client;
  } catch (error) {
    await client.close();
    if (!isRefusal(error)) throw overstepped(client) ?? error;
  }
  const older = new Client(identity);
  try {
    await older.connect(new SSEClientTransport(url, optionsFor(older)), { timeout });
    return older;
  } catch (error) {
    throw overstepped(older) ?? error;
  }
};

const openCommand = async (
  server: DefinitionOf<"command">,
  { dir, env, timeout }: OpenOptions,
): Promise<Client> => {
  const known = inherited.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const transport = new ChildTransport({
    command: server.command,
    args: server.args,
    cwd: server.working_directory === undefined ? dir : path.resolve(dir, server.working_directory),
    env: {
      ...Object.fromEntries(known),
      ...server.env,
      ...(server.auth?.type === "env" && authFields(server)),
    },
  });
  const client = new Client(identity);
  client.onerror = (error) => {
    if (error instanceof ServerLimitError) leave(client, error);
  };
  try {
    await client.connect(transport, { timeout });
    return client;
  } catch (cause) {
    await client.close();
    const limit = overstepped(client);
    if (limit) throw limit;
    const said = transport.errorOutput;
    throw said === "" ? cause : new Error(`${server.command} did not answer: ${said}`, { cause });
  }
};

/** Connects to an MCP server. @throws Error */
export const openClient = (server: McpServerDefinition, options: OpenOptions): Promise<Client> =>
  server.type === "http" ? openHttp(server, options) : openCommand(server, options);

/** Whether the server has refused the credentials. */
export const isUnauthorized = (error: unknown): boolean =>
  SdkHttpError.isInstance(error)
    ? error.status === 401 || error.status === 403
    : error instanceof Error && error.cause !== undefined && isUnauthorized(error.cause);

/** Why a server cannot be used, for those who run the formation: it may hold addresses and keys. */
export const reasonOf = (error: unknown): string => {
  // What is above the cause says only that the server cannot be reached.
  const reason = asError(asError(error).cause ?? error);
  if (SdkHttpError.isInstance(reason))
    return `it answered ${reason.status} ${STATUS_CODES[reason.status] ?? ""}`.trim();
  // All that `fetch` itself says.
  return reason.message === "fetch failed" && reason.cause ? asError(reason.cause).message : reason.message;
};

/** Statuses of a refusal that a new session does not change: credentials, and too many requests. */
const lasting = new Set([401, 403, 407, 413, 429]);

/** How servers say that they do not know a session, where the status does not. */
const lostSession = /\b(?:no(?: valid)?|invalid|unknown|missing|expired) session|not initialized/i;
const isLost = /\b(?:not found|expired|invalid|unknown|terminated|closed)/i;
/** Characters of an error in which they say it. */
const saidWithin = 2_000;

const tellsOfLoss = (message: string): boolean => {
  const text = message.slice(0, saidWithin);
  const session = text.search(/\bsession\b/i);
  return lostSession.test(text) || (session !== -1 && isLost.test(text.slice(session)));
};

/**
 * Whether the server may have forgotten the session, and so has not processed the request. Servers say it with 404, as
 * the specification wants, with 400, 405, 410 and others, or in the text of an error.
 */
export const isLostSession = (error: unknown): boolean => {
  if (SdkHttpError.isInstance(error)) {
    const { status } = error;
    return status < 500 ? status >= 400 && !lasting.has(status) : tellsOfLoss(error.message);
  }
  return error instanceof ProtocolError && tellsOfLoss(error.message);
};

/**
 * Calls a tool. Its result is not held against the rules of MCP: one odd part would cost all the others.
 *
 * @throws Error when the server answers with one, or not at all
 */
export const requestCall = (
  client: Client,
  params: { name: string; arguments: Record<string, unknown> },
  options: { timeout: number; signal: AbortSignal },
): Promise<ServerResult> => client.request({ method: "tools/call", params }, z.looseObject({}), options);

/** Any page of a list: a tool that breaks the rules is left to whoever reads the list. */
const toolPage = z.looseObject({
  tools: z.array(z.unknown()).default([]),
  nextCursor: z.string().nullish(),
});
/** Most pages of a list: some servers give the same cursor for ever. */
const mostPages = 1_000;

/** All tools of a server. */
export const listTools = async (client: Client, timeout: number): Promise<ToolListing> => {
  const reader = createToolReader();
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { tools: more, nextCursor } = await client.request(
      { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
      toolPage,
      { timeout },
    );
    await reader.add(more);
    if (!nextCursor || nextCursor === cursor || reader.isFull) break;
    cursor = nextCursor;
  }
  return reader.listing;
};
