import { type Infer, lazy } from "@muxi/protocol";
import * as z from "zod";
import { taskSchema } from "../work/index.ts";

/** The tasks of a request. In its journal it stays as it was, also when the files of the formation change meanwhile. */
export const workPlanSchema = lazy(() =>
  z.object({
    id: z.string(),
    /** The procedure that it follows; absent when the message was taken apart. */
    procedure: z.object({ name: z.string(), title: z.string() }).optional(),
    /** What the procedure, or the user who saw the plan, says besides the tasks. */
    about: z.string(),
    /** Texts of the files that its tasks name. */
    files: z.record(z.string(), z.string()).default({}),
    /** Whether the answer is written from all results; otherwise it is the last task's. */
    synthesis: z.boolean(),
    /** Whether a procedure is only carried out once its user has said yes. */
    mustBeApproved: z.boolean().optional(),
    tasks: z.array(taskSchema()).min(1),
  }),
);

export type WorkPlan = Infer<typeof workPlanSchema>;

/** Key of a request's plan in its journal. */
export const planStep = "plan";

/** A plan that the user may have to approve. */
export const draftSchema = lazy(() =>
  z.object({
    plan: workPlanSchema(),
    introduction: z.string(),
    question: z.string(),
    /** Whether it waits for a yes. */
    asks: z.boolean(),
    /** What the user wanted changed so far. */
    wishes: z.array(z.string()),
  }),
);

export type Draft = Infer<typeof draftSchema>;

/** Key of the draft in the journal that was made after so many replies. */
export const draftStep = (replies: number): string => `draft:${replies}`;
