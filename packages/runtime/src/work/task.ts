import { type Infer, lazy, type Usage } from "@muxi/protocol";
import * as z from "zod";
import type { FoundPassage } from "../tools/index.ts";

/** Why a task failed. Manifests name these kinds (docs/spec/formation-files.md "Failed tasks"). */
export const failureKinds = [
  "timeout",
  "network_error",
  "permission_error",
  "rate_limit",
  "temporary_failure",
  "client_error",
  "unknown_error",
] as const;

export type FailureKind = (typeof failureKinds)[number];

/** A task of a request: what one agent does (docs/spec/formation-files.md "Tasks"). */
export const taskSchema = lazy(() =>
  z.object({
    /** Unique within its plan. */
    id: z.string(),
    title: z.string(),
    /** What the agent is told to do. */
    text: z.string(),
    /** Ids of the tasks whose results it needs. */
    after: z.array(z.string()),
    agent: z.string().optional(),
    /** What its agent must be able to do, in words. */
    capabilities: z.array(z.string()).optional(),
    /** As `provider/name`. */
    model: z.string().optional(),
    /** Tools to use, as `server/tool`, or the server alone. */
    tools: z.array(z.string()),
    /** Files to read, as the procedure names them. */
    files: z.array(z.string()),
    /** From 1 to 10. */
    complexity: z.number(),
    /** Whether nothing else goes on when it fails. */
    isCritical: z.boolean(),
  }),
);

export type Task = Infer<typeof taskSchema>;

/** How a task ended. */
export type TaskResult =
  | { state: "completed"; text: string; passages?: readonly FoundPassage[]; usage: Usage }
  | { state: "failed"; kind: FailureKind; reason: string; usage: Usage }
  /** `blocks`: whether tasks that need it are not done either. */
  | { state: "skipped"; reason: string; blocks: boolean; usage: Usage };
