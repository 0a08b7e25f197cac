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
