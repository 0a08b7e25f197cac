import * as z from "zod";
import { named } from "./lazy.ts";

/** A block of the formation, with its defaults; secrets are placeholders or masked. */
export const configBlockSchema = named("ConfigBlock", () => z.record(z.string(), z.unknown()));

export const personaSchema = named("OverlordPersona", () =>
  z
    .object({ persona: z.string(), soul: z.string() })
    .describe("The same text under its old and its new name"),
);

export const mcpConfigSchema = named("McpConfig", () =>
  z.looseObject({
    default_retry_attempts: z.number().int(),
    default_timeout_seconds: z.number(),
    max_tool_iterations: z.number().int(),
    max_tool_calls: z.number().int(),
    max_repeated_errors: z.number().int(),
    max_timeout_in_seconds: z.number(),
    max_tool_timeout_in_seconds: z.number(),
    enhance_user_prompts: z.boolean(),
    servers: z.array(z.unknown()),
  }),
);

export const mcpServerListSchema = named("McpServerList", () =>
  z.object({ servers: z.array(z.record(z.string(), z.unknown())), count: z.number().int() }),
);

export const mcpToolListSchema = named("McpToolList", () =>
  z.object({
    tools: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        access: z.enum(["admin", "client"]),
        parameters: z.unknown().describe("JSON Schema"),
      }),
    ),
  }),
);

export const loggingDestinationsSchema = named("LoggingDestinations", () =>
  z.object({
    system: z.object({ level: z.string(), destination: z.string() }),
    conversation: z.object({
      destinations: z.array(
        z.object({
          id: z.string(),
          transport: z.string(),
          level: z.string(),
          format: z.string(),
          enabled: z.boolean(),
          destination: z.string().optional(),
        }),
      ),
      count: z.number().int(),
    }),
  }),
);
