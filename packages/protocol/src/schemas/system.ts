import * as z from "zod";
import { count, named, orNull, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Health and status". */
export const healthSchema = named("FormationHealth", "Whether a formation can answer.", () =>
  z.object({
    status: z.enum(["healthy", "unhealthy"]).describe("`unhealthy` comes only in `data` of the error 503"),
    formation_id: text("Id of the formation, from its manifest"),
    version: text("Version in its manifest"),
  }),
);

const counted = (what: string, active: string) =>
  z.object({ count: count(what), active: count(active) }).describe(`Numbers of ${what}`);

export const formationStatusSchema = named("FormationStatus", "What a formation is and how busy it is.", () =>
  z.object({
    formation: z
      .object({
        id: text("Id of the formation, from its manifest"),
        name: text("Name to show"),
        description: text("What the formation is for"),
        version: text("Version in its manifest"),
      })
      .describe("The formation itself"),
    agents: counted("agents", "agents that can be chosen"),
    mcp_servers: counted("tool servers", "tool servers that offer tools at the moment"),
    stats: z
      .object({
        running: z
          .object({
            seconds: z.number().describe("Seconds since the start"),
            since: z.number().describe("Time of the start, Unix seconds"),
          })
          .describe("How long the process has been running"),
        memory: z
          .object({
            working_memory_mb: z.number().describe("Memory of the process in MiB"),
            memory_usage_mb: orNull(z.number().describe("The same; null where it cannot be measured")),
          })
          .describe("Memory of the process"),
        requests: z
          .object({
            total: count("requests since the start"),
            active: count("requests that are being answered"),
          })
          .describe("Requests of this process"),
        buffer_size: z.number().int().describe("Messages that are placed in the context of a chat"),
        cpu_percent: orNull(z.number().describe("Load of the processor in percent; null when not measured")),
      })
      .describe("Figures of the process that answers"),
  }),
);

const resource = () => text("Path of the details");
const countedResource = (what: string) =>
  z.object({ total: count(what), resource: resource() }).describe(`The ${what} in numbers`);
const block = (what: string) => z.object({ resource: resource() }).describe(what);

export const formationConfigSchema = named(
  "FormationConfig",
  "Overview of a formation's configuration, with the paths of its parts.",
  () =>
    z.object({
      formation_id: text("Id of the formation, from its manifest"),
      version: text("Version in its manifest"),
      description: text("What the formation is for"),
      schema_version: text("Version of the manifest's format"),
      agents: countedResource("agents"),
      secrets: countedResource("secrets"),
      mcp: z
        .object({
          default_retry_attempts: z.number().int().describe("Attempts to connect to a tool server"),
          default_timeout_seconds: z
            .number()
            .describe("Seconds for connecting and for one request to a tool server"),
          servers: countedResource("tool servers"),
        })
        .describe("Settings for tool servers (MCP)"),
      overlord: block("How the formation answers, plans and asks back"),
      llm: block("The models"),
      memory: block("What is remembered, and for how long"),
      async: block("Answers in the background"),
      scheduler: block("Scheduled jobs"),
      a2a: block("Agents of other formations"),
      logging: block("Logs"),
    }),
);

export const formationDocumentSchema = named(
  "FormationDocument",
  "The manifest as written. References to secrets stay references; what looks like a secret is masked.",
  () => z.record(z.string(), z.unknown()),
);
