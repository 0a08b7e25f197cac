import { ApiError } from "@muxi/protocol";
import { type HttpResponse, readJson } from "../http/index.ts";
import type { McpServer, McpServerDeps } from "./mcp-server.ts";
import { sendJson } from "./pipeline.ts";
import type { Received } from "./received.ts";

interface McpDeps extends McpServerDeps {
  /** Largest request body, in bytes. */
  bodyLimit: number;
}

/** Error codes of JSON-RPC: the body is no JSON, and what JSON-RPC leaves to servers. */
const parseError = -32_700;
const serverError = -32_000;

/** Answers a request that never became a message of JSON-RPC. */
export const refuseMcp = (
  response: HttpResponse,
  status: number,
  message: string,
  code = serverError,
): void => sendJson(response, status, { jsonrpc: "2.0", id: null, error: { code, message } });

/** `POST /mcp` (docs/spec/formation-api.md "MCP endpoint"). */
export const createMcpEndpoint = ({ bodyLimit, ...deps }: McpDeps) => {
  // Loaded when somebody asks: most formations are never asked.
  let server: Promise<McpServer> | undefined;

  return async (received: Received, response: HttpResponse): Promise<void> => {
    let body: unknown;
    try {
      body = await readJson(received.http, bodyLimit);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const code = error.code === "INVALID_REQUEST" ? parseError : serverError;
      return refuseMcp(response, error.status, error.message, code);
    }
    server ??= import("./mcp-server.ts").then(({ createMcpServer }) => createMcpServer(deps));
    await (await server)(body, received, response);
  };
};
