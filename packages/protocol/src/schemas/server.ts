import * as z from "zod";
import { count, type Infer, lazy, named } from "../base/index.ts";

/**
 * The control plane's envelopes differ from those of the Formation API: a success is `{success, data}` or a flat
 * object, an error is this, with the status as its code.
 */
export const serverErrorSchema = named("ServerErrorBody", "Why a call to the server failed.", () =>
  z.object({
    error: z.string().describe("Standard text of the HTTP status, or what the proxy found"),
    message: z.string().describe("What happened and what to do about it"),
    code: z.number().int().describe("HTTP status"),
    formation_status: z
      .string()
      .optional()
      .describe("State of the formation, where the proxy answers 503 because it is not running"),
  }),
);

export type ServerErrorBody = Infer<typeof serverErrorSchema>;

export const serverHealthSchema = named("ServerHealth", "The server answers.", () =>
  z.object({
    success: z.literal(true).describe("Always true: a server that cannot answer does not answer"),
    status: z.literal("ok").describe("Always `ok`"),
    version: z.string().describe("Version of the server"),
  }),
);

export type ServerHealth = Infer<typeof serverHealthSchema>;

export const serverStatusSchema = named(
  "ServerStatus",
  "A server, its formations and its ports in numbers.",
  () =>
    z.object({
      server: z
        .object({
          id: z.string().describe("Id of the server, made when it was set up"),
          version: z.string().describe("Version of the server"),
          uptime: z.number().int().describe("Seconds since it started"),
        })
        .describe("The server itself"),
      formations: z
        .object({
          total: count("deployed formations"),
          running: count("formations that run"),
          stopped: count("formations that were stopped"),
          crashed: count("formations that ended by themselves and are not started again"),
        })
        .describe("Its formations by their state"),
      port_pool: z
        .object({
          total: count("ports that formations may use"),
          available: count("ports that are free"),
          allocated: count("ports that are taken"),
        })
        .describe("The ports for formations"),
      runtime: z
        .object({
          type: z.literal("node").describe("Always `node`"),
          version: z.string().describe("Version of Node.js"),
          platform: z.string().describe("Operating system, such as `linux` or `darwin`"),
        })
        .describe("What the server runs on"),
    }),
);

export type ServerStatus = Infer<typeof serverStatusSchema>;

/** How many lines; published SDKs call it `limit`. */
const lines = () => {
  const number = z.coerce.number().int().min(1).max(10_000);
  return { lines: number.optional(), limit: number.default(100) };
};

/** Query of `GET /rpc/formations/{id}/logs`. */
export const formationLogsQuerySchema = lazy(() =>
  z.object({
    ...lines(),
    stream: z.enum(["stdout", "stderr", "all"]).default("all"),
    follow: z.enum(["true", "1", "false", "0"]).default("false"),
  }),
);

/** Query of `GET /rpc/server/logs`. */
export const serverLogsQuerySchema = lazy(() => z.object(lines()));

/** Ids under which a formation can be deployed. */
export const formationIdPattern = /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/;

/** Ids under which a formation can run from its folder: as a draft, or without a server. */
export const localFormationIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Ids that would shadow the server's own paths. */
export const reservedFormationIds: ReadonlySet<string> = new Set([
  "health",
  "ping",
  "rpc",
  "server",
  "admin",
  "metrics",
  "api",
  "draft",
  "mcp",
  "docs",
]);
