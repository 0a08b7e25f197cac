import * as z from "zod";
import { type Infer, lazy, named } from "../base/index.ts";
import { formationProblemSchema } from "./readiness.ts";

const id = z.string().describe("Id of the formation, from its manifest");
const port = z.number().int().describe("Port on which the formation listens");
const pid = z.number().int().describe("Process id of the formation");
const time = (what: string) => z.string().describe(`${what}, ISO 8601 in UTC`);

/** Status of a formation; `unhealthy` is only ever seen in a list. */
export const deployedStatusSchema = lazy(() =>
  z.enum(["starting", "running", "unhealthy", "stopping", "stopped", "crashed"]),
);

const status = lazy(() => deployedStatusSchema().describe("State of the formation after the call"));

export const formationVersionSchema = named("FormationVersion", "Which version of a formation runs.", () =>
  z.object({
    semantic: z.string().describe("Version in the formation's manifest"),
    current: z.string().describe("SHA-256 of the bundle that runs"),
    previous: z
      .string()
      .optional()
      .describe("SHA-256 of the bundle that a rollback goes back to; absent when there is none"),
  }),
);

export const deployedFormationSchema = named(
  "DeployedFormation",
  "A formation of a server, as it is now.",
  () =>
    z.object({
      id,
      name: z.string().describe("Name in the formation's manifest, or its id"),
      port: port.describe("Port on which the formation listens; 0 while it has none"),
      pid: pid.describe("Process id of the formation; 0 while it has no process"),
      status: deployedStatusSchema().describe(
        "State of the formation now; `unhealthy` is a running one that does not answer",
      ),
      uptime: z.number().int().describe("Seconds since the process started; 0 unless it runs"),
      restart_count: z.number().int().describe("How often the process was started again"),
      healthy: z.boolean().nullable().describe("Whether the formation answers; null while it starts"),
      version: formationVersionSchema()
        .optional()
        .describe("Version that runs; absent until the first one is healthy"),
    }),
);

export type DeployedFormation = Infer<typeof deployedFormationSchema>;

export const deployedFormationListSchema = named("DeployedFormationList", "The formations of a server.", () =>
  z.object({
    formations: z.array(deployedFormationSchema()).describe("All formations of the server"),
    total: z.number().int().describe("Number of formations"),
  }),
);

export type DeployedFormationList = Infer<typeof deployedFormationListSchema>;

export const deployedFormationDetailSchema = named(
  "DeployedFormationDetail",
  "A formation of a server, with the times of its deployment.",
  () =>
    deployedFormationSchema().extend({
      created_at: time("When the running version was deployed"),
      deployed_at: time("The same as `created_at`"),
      updated_at: time("When the process was started"),
      last_health_check: time("When the server last checked its health")
        .optional()
        .describe("When the server last checked its health, ISO 8601 in UTC; absent before the first check"),
      problems: z
        .array(formationProblemSchema())
        .optional()
        .describe("What it cannot use at the moment; absent when it does not run or does not say"),
    }),
);

export type DeployedFormationDetail = Infer<typeof deployedFormationDetailSchema>;

const url = z.string().describe("Address of the formation through the server");

/** What a check found that was not to refuse anything. */
export const foundProblems = lazy(() =>
  z
    .array(formationProblemSchema())
    .optional()
    .describe("What the check found; only when it was asked to report and there is something"),
);

/** What a bundle held and a server does not take. */
export const leftOutFiles = lazy(() =>
  z
    .array(z.string())
    .optional()
    .describe(
      "Files of the bundle that are a running formation's own and were left out; only when there were any",
    ),
);

export const deployResultSchema = named("DeployResult", "A new formation runs.", () =>
  z.object({
    formation_id: id,
    id: id.describe("The same as `formation_id`"),
    port,
    status: status(),
    url,
    health_url: z.string().describe("Address of its health check, as seen from the server's machine"),
    pid,
    problems: foundProblems(),
    left_out: leftOutFiles(),
  }),
);

export type DeployResult = Infer<typeof deployResultSchema>;

const switched = lazy(() =>
  z.object({
    id,
    formation_id: id.describe("The same as `id`"),
    status: status(),
    version: z.number().int().describe("Number of the deployment that runs now; not the manifest's version"),
    previous_version: z.number().int().describe("Number of the deployment that ran before; 0 for none"),
    port,
    pid,
    url,
    message: z.string().describe("What was done, in words"),
  }),
);

export const rollbackResultSchema = named(
  "RollbackResult",
  "The previous version of a formation runs again.",
  () => z.object(switched().shape),
);

export type RollbackResult = Infer<typeof rollbackResultSchema>;

export const updateResultSchema = named("UpdateResult", "A new version of a formation runs.", () =>
  switched().extend({
    deployment_type: z
      .literal("blue-green")
      .describe("How the versions changed places: the new one was healthy before it got requests"),
    problems: foundProblems(),
    left_out: leftOutFiles(),
  }),
);

export type UpdateResult = Infer<typeof updateResultSchema>;

export const lifecycleResultSchema = named(
  "LifecycleResult",
  "A formation was started, stopped, restarted or deleted.",
  () =>
    z.object({
      id,
      status: status()
        .optional()
        .describe("State of the formation after the call; absent once it is deleted"),
      message: z.string().describe("What was done, in words"),
      port: port.optional().describe("Port on which the formation listens; only after a start or restart"),
      restart_count: z
        .number()
        .int()
        .optional()
        .describe("How often the process was started again; only after a start or restart"),
    }),
);

export type LifecycleResult = Infer<typeof lifecycleResultSchema>;

export const cancelUpdateResultSchema = named("CancelUpdateResult", "An update was broken off.", () =>
  z.object({
    message: z.string().describe("What was done, in words"),
    formation_id: id,
    staging_port: z
      .number()
      .int()
      .describe("Port on which the new version was tried; 0 when it had not been started"),
    status: status().describe("State of the version that stays"),
    current_port: z.number().int().describe("Port of the version that stays"),
  }),
);

export type CancelUpdateResult = Infer<typeof cancelUpdateResultSchema>;

const byStream = <Schema extends z.ZodType>(schema: Schema, what: string) =>
  z.object({
    stdout: schema.describe(`${what} of the standard output`),
    stderr: schema.describe(`${what} of the standard error`),
  });

export const formationLogsSchema = named("FormationLogs", "The last lines that a formation wrote.", () =>
  z.object({
    formation_id: id,
    logs: byStream(z.array(z.string()), "Last lines").describe("Last lines of each stream, oldest first"),
    total_lines: byStream(z.number().int(), "Number of lines").describe("Lines that each stream has in all"),
  }),
);

export type FormationLogs = Infer<typeof formationLogsSchema>;

export const formationLogLineSchema = named("FormationLogLine", "A line that a formation wrote.", () =>
  z.object({
    line: z.string().describe("The line, without its end"),
    formation_id: id,
    stream: z.enum(["stdout", "stderr"]).optional().describe("Where it was written; absent on older servers"),
  }),
);

export type FormationLogLine = Infer<typeof formationLogLineSchema>;

export const formationLogsConnectedSchema = named(
  "FormationLogsConnected",
  "The output of a formation is followed from now on.",
  () => z.object({ formation_id: id }),
);

export type FormationLogsConnected = Infer<typeof formationLogsConnectedSchema>;
