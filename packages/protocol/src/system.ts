import * as z from "zod";
import { lazy, named } from "./lazy.ts";

export const healthSchema = named("FormationHealth", () =>
  z.object({
    status: z.enum(["healthy", "unhealthy"]),
    formation_id: z.string(),
    version: z.string(),
  }),
);

const counted = lazy(() => z.object({ count: z.number().int(), active: z.number().int() }));

export const formationStatusSchema = named("FormationStatus", () =>
  z.object({
    formation: z.object({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      version: z.string(),
    }),
    agents: counted(),
    mcp_servers: counted(),
    stats: z.object({
      running: z.object({
        seconds: z.number().describe("Time since the start"),
        since: z.number().describe("Unix seconds"),
      }),
      memory: z.object({ working_memory_mb: z.number(), memory_usage_mb: z.number().nullable() }),
      requests: z.object({
        total: z.number().int().describe("Since the start"),
        active: z.number().int(),
      }),
      buffer_size: z.number().int().describe("Messages placed in the context of a chat"),
      cpu_percent: z.number().nullable(),
    }),
  }),
);

const resource = z.string().describe("Path of the detail");
const countedResource = lazy(() => z.object({ total: z.number().int(), resource }));

export const formationConfigSchema = named("FormationConfig", () =>
  z.object({
    formation_id: z.string(),
    version: z.string(),
    description: z.string(),
    schema_version: z.string(),
    agents: countedResource(),
    secrets: countedResource(),
    mcp: z.object({
      default_retry_attempts: z.number().int(),
      default_timeout_seconds: z.number(),
      servers: countedResource(),
    }),
    overlord: z.object({ resource }),
    llm: z.object({ resource }),
    memory: z.object({ resource }),
    async: z.object({ resource }),
    scheduler: z.object({ resource }),
    a2a: z.object({ resource }),
    logging: z.object({ resource }),
  }),
);

/** The formation as written, with secrets as placeholders. */
export const formationDocumentSchema = named("FormationDocument", () => z.record(z.string(), z.unknown()));
