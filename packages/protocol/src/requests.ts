import * as z from "zod";

export const requestStateSchema = z.enum([
  "pending",
  "processing",
  "awaiting_clarification",
  "completed",
  "failed",
  "cancelled",
]);

export type RequestState = z.infer<typeof requestStateSchema>;

export const cancelResultSchema = z
  .object({
    request_id: z.string(),
    status: z.literal("cancelled"),
    cancellation: z.enum(["immediate", "cooperative"]),
    message: z.string(),
  })
  .meta({ id: "CancelResult" });

const request = {
  request_id: z.string(),
  user_id: z.string(),
  status: requestStateSchema,
  progress: z.string().nullable(),
  created_at: z.number().describe("Unix seconds"),
  error: z.string().optional(),
};

/** One request of a list (contract/formation-api.md 4.3). */
export const requestSummarySchema = z
  .object({ ...request, completed_at: z.number().nullable().describe("Unix seconds") })
  .meta({ id: "RequestSummary" });

export const requestListSchema = z
  .object({ requests: z.array(requestSummarySchema), count: z.number().int() })
  .meta({ id: "RequestList" });

export const requestStatusSchema = z
  .object({
    ...request,
    session_id: z.string(),
    completed_at: z.number().optional().describe("Unix seconds"),
    result: z.string().optional().describe("The answer, once completed"),
    clarification: z
      .object({ question: z.string() })
      .optional()
      .describe("What the agent wants to know: answer with a chat of this request_id in this session"),
  })
  .meta({ id: "RequestStatus" });

export type RequestStatus = z.infer<typeof requestStatusSchema>;

/** `data` of a chat that goes on in the background. */
export const chatAcceptedSchema = z
  .object({
    request_id: z.string(),
    session_id: z.string().optional(),
    status: z.literal("processing"),
    status_url: z.string().describe("Where to read how it stands, below the formation's base URL"),
  })
  .meta({ id: "ChatAccepted" });

/** A frame of a user's or a session's event stream (contract/formation-api.md 5.2). */
export const formationEventSchema = z
  .object({
    type: z.string().describe("Begins with `chat.` or `agent.`"),
    timestamp: z.number().describe("Unix seconds"),
    message: z.string(),
    session_id: z.string().nullable(),
    request_id: z.string().nullable(),
  })
  .meta({ id: "FormationEvent" });
