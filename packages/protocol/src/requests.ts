import * as z from "zod";
import { type Infer, lazy, named } from "./lazy.ts";

export const requestStateSchema = lazy(() =>
  z.enum(["pending", "processing", "awaiting_clarification", "completed", "failed", "cancelled"]),
);

export type RequestState = Infer<typeof requestStateSchema>;

export const cancelResultSchema = named("CancelResult", () =>
  z.object({
    request_id: z.string(),
    status: z.literal("cancelled"),
    cancellation: z.enum(["immediate", "cooperative"]),
    message: z.string(),
  }),
);

const request = () => ({
  request_id: z.string(),
  user_id: z.string(),
  status: requestStateSchema(),
  progress: z.string().nullable(),
  created_at: z.number().describe("Unix seconds"),
  error: z.string().optional(),
});

/** One request of a list (docs/spec/formation-api.md "Requests"). */
export const requestSummarySchema = named("RequestSummary", () =>
  z.object({ ...request(), completed_at: z.number().nullable().describe("Unix seconds") }),
);

export const requestListSchema = named("RequestList", () =>
  z.object({ requests: z.array(requestSummarySchema()), count: z.number().int() }),
);

export const requestStatusSchema = named("RequestStatus", () =>
  z.object({
    ...request(),
    session_id: z.string(),
    completed_at: z.number().optional().describe("Unix seconds"),
    result: z.string().optional().describe("The answer, once completed"),
    clarification: z
      .object({ question: z.string() })
      .optional()
      .describe(
        "What the agent wants to know: answer with the next chat of this session, or with one of this request_id",
      ),
  }),
);

export type RequestStatus = Infer<typeof requestStatusSchema>;

/** `data` of a chat that goes on in the background. */
export const chatAcceptedSchema = named("ChatAccepted", () =>
  z.object({
    request_id: z.string(),
    session_id: z.string().optional(),
    status: z.literal("processing"),
    status_url: z.string().describe("Where to read how it stands, below the formation's base URL"),
  }),
);

/** A frame of a user's or a session's event stream (docs/spec/formation-api.md "Feed of a user"). */
export const formationEventSchema = named("FormationEvent", () =>
  z.object({
    type: z.string().describe("Begins with `chat.` or `agent.`"),
    timestamp: z.number().describe("Unix seconds"),
    message: z.string(),
    session_id: z.string().nullable(),
    request_id: z.string().nullable(),
  }),
);
