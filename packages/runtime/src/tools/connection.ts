import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@modelcontextprotocol/client";
import type { Environment, McpServerDefinition } from "@muxi/formation";
import { backoff } from "@muxi/http";
import type { ToolListing } from "./offered-tools.ts";
import { outcomeOf } from "./results.ts";
import type { ToolOutcome } from "./tool.ts";

export interface ConnectionOptions {
  dir: string;
  env: Environment;
  /** Milliseconds to connect, and for each call. */
  timeout: number;
  /** Attempts to connect. */
  tries: number;
  /** Milliseconds without a call after which the connection is closed. The next call opens it again. */
  idleTime: number;
  /** Most bytes of a result. */
  outputLimit: number;
  /** Called when the server may offer other tools than before: it says so, or it was connected to anew. */
  onToolsChanged?: () => void;
  /** Called when a result has no `structuredContent`, with the name of its tool. */
  onPlainResult?: (tool: string) => void;
}

/** A connection to an MCP server, opened when it is needed (docs/spec/formation-files.md "MCP connections"). */
export interface McpConnection {
  /** The tools that the server offers. @throws Error when the server cannot be reached */
  list(): Promise<ToolListing>;
  call(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolOutcome>;
  close(): Promise<void>;
}

/** Before a further attempt to connect, in milliseconds (docs/spec/formation-files.md "MCP connections"). */
const connectionWaits = { first: 500, longest: 30_000 };

/** How long a formation that ends waits for a connection to close, in milliseconds. */
const longestClosing = 5_000;

export const createMcpConnection = (
  server: McpServerDefinition,
  options: ConnectionOptions,
): McpConnection => {
  const { timeout, tries, idleTime, outputLimit, onToolsChanged, onPlainResult } = options;
  let opening: Promise<Client> | undefined;
  let calls = 0;
  let idle: NodeJS.Timeout | undefined;
  let closed = false;
  let lastClosing: Promise<void> | undefined;
  /** Whether the tools were listed over an earlier connection. */
  let hasListed = false;
  let listing = 0;

  const open = async (): Promise<Client> => {
    const { openClient } = await import("./mcp-client.ts");
    for (let attempt = 1; ; attempt++) {
      try {
        const client = await openClient(server, options);
        client.setNotificationHandler("notifications/tools/list_changed", () => onToolsChanged?.());
        if (hasListed && listing === 0) onToolsChanged?.();
        return client;
      } catch (error) {
        if (attempt >= tries || closed) throw error;
        await delay(backoff(attempt, connectionWaits), undefined, { ref: false });
      }
    }
  };

  /** The cause may contain addresses and keys, so the model does not get to read it. */
  const unreachable = (cause: unknown): never => {
    throw new Error(`the server ${server.id} cannot be reached`, { cause });
  };

  const disconnect = async (): Promise<void> => {
    clearTimeout(idle);
    const client = opening;
    opening = undefined;
    lastClosing = client?.then((open) => open.close()).catch(() => {});
    await lastClosing;
  };

  const connected = (): Promise<Client> => {
    if (opening) return opening;
    const mine = open();
    opening = mine;
    const forget = () => {
      if (opening === mine) opening = undefined;
    };
    mine.then((client) => {
      client.onclose = forget;
    }, forget);
    return mine;
  };

  const use = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    if (closed) throw new Error(`the formation is closing its connection to ${server.id}`);
    clearTimeout(idle);
    calls += 1;
    try {
      const client = await connected().catch(unreachable);
      return await work(client).catch(async (error) => {
        const { overstepped } = await import("./mcp-client.ts");
        throw overstepped(client) ?? error;
      });
    } finally {
      calls -= 1;
      if (calls === 0 && idleTime === 0) void disconnect();
      else if (calls === 0) idle = setTimeout(() => void disconnect(), idleTime).unref();
    }
  };

  /** Repeats on a new connection what a server refused because it has forgotten the session. */
  const againAfterLoss =
    <T>(work: (client: Client) => Promise<T>) =>
    async (error: unknown): Promise<T> => {
      const { isLostSession } = await import("./mcp-client.ts");
      if (!isLostSession(error)) throw error;
      await disconnect();
      return use(work);
    };

  return {
    async list() {
      const { listTools } = await import("./mcp-client.ts");
      listing += 1;
      try {
        const tools = await use((client) => listTools(client, timeout)).catch(
          againAfterLoss((client) => listTools(client, timeout)),
        );
        hasListed = true;
        return tools;
      } finally {
        listing -= 1;
      }
    },

    async call(name, args, signal) {
      const { requestCall } = await import("./mcp-client.ts");
      const call = (client: Client) =>
        requestCall(client, { name, arguments: { ...server.parameters, ...args } }, { timeout, signal });
      const result = await use(call).catch(againAfterLoss(call));
      const outcome = outcomeOf(result, outputLimit);
      if (result.structuredContent === undefined && !outcome.failed) onPlainResult?.(name);
      return outcome;
    },

    async close() {
      closed = true;
      const closing = Promise.all([lastClosing, disconnect()]);
      // A server that is still being connected to, or does not let go, must not hold up the formation.
      await Promise.race([closing, delay(longestClosing, undefined, { ref: false })]);
    },
  };
};
