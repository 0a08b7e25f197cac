import * as z from "zod";
import { type Infer, named, text } from "../base/index.ts";

const taskCounts = () => ({
  total_tasks: z.number().int().nonnegative().describe("How many tasks there are"),
  completed_tasks: z.number().int().nonnegative().describe("Tasks that are done"),
  failed_tasks: z
    .number()
    .int()
    .nonnegative()
    .describe("Tasks that failed, or were not done since others failed"),
});

/** Told with each task that begins or ends. */
export const workProgressSchema = named(
  "WorkProgress",
  "How far a request is that consists of several tasks.",
  () =>
    z.object({
      workflow_id: text("The tasks as a whole"),
      status: text("Always `running`"),
      ...taskCounts(),
      in_progress_tasks: z.number().int().nonnegative().describe("Tasks under way"),
      progress_percentage: z.number().describe("Share of the tasks that have ended, 0 to 100"),
      started_at: text("When the first task began, an ISO time"),
    }),
);

/** How a request ended that consisted of several tasks (docs/spec/formation-api.md "Tasks of a request"). */
export const workOutcomeSchema = named(
  "WorkOutcome",
  "How a request ended that consisted of several tasks.",
  () =>
    z.object({
      workflow_id: text("The tasks as a whole"),
      workflow_status: z
        .enum(["completed", "partial", "waiting", "cancelled"])
        .describe(
          "`completed` when all tasks are done; `waiting` while the user is asked something; `cancelled` when the user " +
            "did not want the plan",
        ),
      ...taskCounts(),
      execution_time: z.number().nonnegative().describe("How long the tasks took, in seconds"),
      approval_required: z.literal(true).optional().describe("Present while the plan waits for a yes"),
      requires_user_response: z.literal(true).optional().describe("Present with `approval_required`"),
      workflow_cancelled: z.literal(true).optional().describe("Present when the user did not want the plan"),
    }),
);

export type WorkOutcome = Infer<typeof workOutcomeSchema>;
