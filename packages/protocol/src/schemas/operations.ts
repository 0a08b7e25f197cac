import * as z from "zod";
import { type Infer, named } from "../base/index.ts";
import { deployedStatusSchema, foundProblems, leftOutFiles } from "./deployments.ts";

/** The events of a long operation on a server: any number of `progress`, then one `complete` or `error`. */
export const operationProgressSchema = named(
  "OperationProgress",
  "A step of a long operation has begun.",
  () =>
    z.looseObject({
      stage: z.string().describe("Step that has begun, such as `extracting` or `health_check`"),
      message: z.string().describe("The step in words"),
      progress: z.number().optional().describe("How far the step is, 0 to 100; absent where it is not known"),
      version: z.string().optional().describe("Version of the runtime; only in `resolving_runtime`"),
      attempt: z.number().int().optional().describe("Number of this health check; only in `health_check`"),
      max_attempts: z
        .number()
        .int()
        .optional()
        .describe("Health checks before the operation is given up; only in `health_check`"),
      staging_port: z
        .number()
        .int()
        .optional()
        .describe("Port on which the other version is tried; only when one replaces another"),
    }),
);

export type OperationProgress = Infer<typeof operationProgressSchema>;

export const operationCompleteSchema = named(
  "OperationComplete",
  "A long operation has succeeded. Ends the stream.",
  () =>
    z.looseObject({
      formation_id: z.string().describe("Id of the formation, from its manifest"),
      port: z.number().int().describe("Port on which it listens"),
      status: deployedStatusSchema().describe("State of the formation"),
      url: z.string().optional().describe("Address of the formation through the server"),
      health_url: z
        .string()
        .optional()
        .describe("Address of its health check, as seen from the server's machine; only after a deployment"),
      pid: z.number().int().optional().describe("Process id of the formation"),
      new_version: z
        .string()
        .optional()
        .describe("Number of the deployment that runs now; only after an update or rollback"),
      previous_version: z
        .string()
        .optional()
        .describe("Number of the deployment that ran before; only after an update or rollback"),
      restart_count: z
        .number()
        .int()
        .optional()
        .describe("How often the process was started again; only after a start or restart"),
      problems: foundProblems(),
      left_out: leftOutFiles(),
    }),
);

export type OperationComplete = Infer<typeof operationCompleteSchema>;

export const operationErrorSchema = named(
  "OperationError",
  "A long operation has failed. Ends the stream.",
  () =>
    z.object({
      error: z.string().describe("Kind of failure, such as `FormationExists` or `HealthCheckFailed`"),
      message: z.string().describe("What happened and what to do about it"),
      code: z.number().int().describe("HTTP status of the same failure in a plain answer"),
      stage: z.string().describe("Step during which it happened"),
    }),
);

export type OperationError = Infer<typeof operationErrorSchema>;
