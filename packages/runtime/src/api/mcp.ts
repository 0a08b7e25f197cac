import { ApiError, newId, type RouteId } from "@muxi/protocol";
import * as z from "zod";
import type { HttpResponse } from "../http/index.ts";
import { apiTools, toolRequest } from "./mcp-tools.ts";
import type { Matched, Received } from "./received.ts";

export interface McpDeps {
  formationId: string;
  version: string;
  /** Makes a call of the API, by all rules of HTTP, and gives its envelope. */
  call(
    id: RouteId,
    request: Omit<Matched, "keyUsed">,
    response: HttpResponse,
  ): Promise<{ envelope: unknown; failed: boolean }>;
}

/** Revisions of the protocol that say the same about the little that is spoken here, newest first. */
const revisions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const messageSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).default({}),
});

const toolCallSchema = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
});

/** An error of JSON-RPC: -32600 no request, -32601 no such method, -32602 wrong parameters. */
const failure = (id: string | number | null, code: number, message: string) => ({
  jsonrpc: "2.0",
  id,
  error: { code, message },
});

/**
 * The formation as an MCP server (docs/spec/formation-api.md "MCP endpoint"): each call stands for itself, so that
 * there are no sessions, and nothing is streamed.
 */
export const createMcpServer = ({ formationId, version, call }: McpDeps) => {
  // Made when somebody asks: most formations are never asked.
  let known: ReturnType<typeof apiTools> | undefined;
  const tools = () => {
    known ??= apiTools();
    return known;
  };

  const initialize = ({ protocolVersion }: Record<string, unknown>) => ({
    protocolVersion: revisions.find((revision) => revision === protocolVersion) ?? revisions[0],
    capabilities: { tools: {} },
    serverInfo: { name: `muxi-${formationId}`, version },
  });

  const callTool = async (
    name: string,
    args: Record<string, unknown>,
    carrier: Received,
    response: HttpResponse,
  ) => {
    const tool = tools().find((each) => each.name === name);
    if (!tool) return undefined;
    const request = toolRequest(tool.id, args, carrier, newId("request"));
    const { envelope, failed } = await call(tool.id, request, response);
    return { content: [{ type: "text", text: JSON.stringify(envelope) }], isError: failed };
  };

  /**
   * The answer to one message; undefined for what needs none.
   *
   * @throws ApiError `INVALID_REQUEST` for a revision that is not spoken here.
   */
  return async (body: unknown, carrier: Received, response: HttpResponse): Promise<object | undefined> => {
    const { "mcp-protocol-version": revision } = carrier.headers;
    if (revision !== undefined && !revisions.some((each) => each === revision)) {
      throw new ApiError(
        "INVALID_REQUEST",
        `MCP-Protocol-Version: this server speaks ${revisions.join(", ")}`,
      );
    }
    const message = messageSchema.safeParse(body);
    if (!message.success) return failure(null, -32600, "The body is not one JSON-RPC request");
    const { id, method, params } = message.data;
    if (id === undefined || method === undefined) return undefined;
    const result = (value: object) => ({ jsonrpc: "2.0", id, result: value });
    switch (method) {
      case "initialize":
        return result(initialize(params));
      case "ping":
        return result({});
      case "tools/list":
        return result({ tools: tools().map(({ id: _, ...tool }) => tool) });
      case "tools/call": {
        const wanted = toolCallSchema.safeParse(params);
        if (!wanted.success) return failure(id, -32602, "tools/call needs name and arguments");
        const { name, arguments: args } = wanted.data;
        const outcome = await callTool(name, args, carrier, response);
        return outcome ? result(outcome) : failure(id, -32602, `There is no tool named ${name}`);
      }
      default:
        return failure(id, -32601, `There is no method ${method}`);
    }
  };
};
