import * as z from "zod";
import { count, type Infer, named, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Configuration". */
export const configBlockSchema = named(
  "ConfigBlock",
  "A block of the manifest, with defaults where it says nothing. Secrets are placeholders or masked.",
  () => z.record(z.string(), z.unknown()),
);

export const personaSchema = named(
  "OverlordPersona",
  "As whom the formation speaks: the same text under its old and its new name.",
  () =>
    z.object({
      persona: text("Who the formation is and how it speaks"),
      soul: text("The same text under its new name"),
    }),
);

export const mcpConfigSchema = named(
  "McpConfig",
  "Settings for tool servers (MCP) and tools, with what else the manifest says.",
  () =>
    z.looseObject({
      default_retry_attempts: z.number().int().describe("Attempts to connect to a server; default 3"),
      default_timeout_seconds: z
        .number()
        .describe("Seconds for connecting and for one request to a server; default 30"),
      max_tool_iterations: z
        .number()
        .int()
        .describe("Rounds of tool calls that one answer may take; default 10"),
      max_tool_calls: z.number().int().describe("Tool calls that one answer may take; default 50"),
      max_repeated_errors: z
        .number()
        .int()
        .describe("Equal failures in a row after which an answer uses no more tools; default 3"),
      max_timeout_in_seconds: z
        .number()
        .describe("Seconds that the tool calls of one answer may take together; default 300"),
      max_tool_timeout_in_seconds: z.number().describe("Seconds that one tool call may take; default 30"),
      enhance_user_prompts: z.boolean().describe("Accepted in the manifest and without effect"),
      servers: z.array(z.unknown()).describe("The tool servers, as written"),
    }),
);

const unusableToolSchema = named("UnusableTool", "A tool that a tool server offers and nobody can use.", () =>
  z.object({
    tool: text("Name of the tool as its server gives it, or its place in the server's list"),
    reason: text("Why it cannot be used"),
  }),
);

export const mcpServerStatusSchema = named("McpServerStatus", "How a tool server is at the moment.", () =>
  z.object({
    state: z
      .enum(["starting", "ready", "failed"])
      .describe(
        "`starting` while its tools are being listed, `ready` when they were, `failed` when they could not be; " +
          "it is then asked again with a later message",
      ),
    tools: z
      .array(z.string())
      .describe("Names of the tools that its filter lets through, as the server gives them"),
    unusable_tools: z.array(unusableToolSchema()).describe("Tools that were left out, each with the reason"),
    problem: text("Why it failed; absent otherwise").optional(),
  }),
);

export const mcpServerSchema = named(
  "McpServer",
  "A tool server (MCP) as written, with how it is at the moment. Secrets are placeholders or masked.",
  () =>
    z.looseObject({
      id: text("Id of the tool server"),
      status: mcpServerStatusSchema().describe("How it is at the moment"),
    }),
);

export type McpServer = Infer<typeof mcpServerSchema>;

export const mcpServerListSchema = named("McpServerList", "The tool servers (MCP) of a formation.", () =>
  z.object({
    servers: z
      .array(mcpServerSchema())
      .describe("The servers of the formation, then those that agents have for themselves"),
    count: count("servers"),
  }),
);

export const mcpToolSchema = named("McpTool", "A tool that agents can use.", () =>
  z.object({
    name: text("Name as a model sees it, `server__tool`"),
    description: text("What the tool does, as its server says; empty when it does not say"),
    access: z.enum(["admin", "client"]).describe("Kind of key that may see the tool"),
    parameters: z.unknown().describe("Arguments of the tool, as a JSON Schema"),
  }),
);

export const mcpToolListSchema = named(
  "McpToolList",
  "The tools of all tool servers that can be reached at the moment.",
  () => z.object({ tools: z.array(mcpToolSchema()).describe("The tools, server by server") }),
);

export const loggingDestinationsSchema = named("LoggingDestinations", "Where the logs go.", () =>
  z.object({
    system: z
      .object({
        level: text("Lowest level that is written"),
        destination: text("Where it is written, such as `stdout`"),
      })
      .describe("The log of the process"),
    conversation: z
      .object({
        destinations: z
          .array(
            z.object({
              id: text("Id of the destination"),
              transport: text("Kind of destination: `stdout`, `file`, `stream` or `trail`"),
              level: text("Lowest level that is sent"),
              format: text("Format of the entries, such as `jsonl`"),
              enabled: z.boolean().describe("Whether entries are sent"),
              destination: text("Path or address; absent where the transport needs none").optional(),
            }),
          )
          .describe("The destinations, in the order of the manifest"),
        count: count("destinations"),
      })
      .describe("The log of what happens in conversations"),
  }),
);
