import { type Infer, lazy } from "@muxi/protocol";
import * as z from "zod";
import { taskSchema } from "../work/index.ts";

/** The tasks of a request. In its journal it stays as it was, also when the files of the formation change meanwhile. */
export const workPlanSchema = lazy(() =>
  z.object({
    id: z.string(),
    /** The procedure that it follows. */
    procedure: z.object({ name: z.string(), title: z.string() }),
    /** What the procedure says besides its steps. */
    about: z.string(),
    /** Texts of the files that its tasks name. */
    files: z.record(z.string(), z.string()).default({}),
    /** Whether the answer is written from all results; otherwise it is the last task's. */
    synthesis: z.boolean(),
    tasks: z.array(taskSchema()).min(1),
  }),
);

export type WorkPlan = Infer<typeof workPlanSchema>;

/** Key of a request's plan in its journal. */
export const planStep = "plan";
