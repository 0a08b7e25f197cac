import * as z from "zod";

const time = z.number().int().describe("Unix milliseconds");

export const deliveryStatusSchema = z.enum(["pending", "sent", "failed"]);

export const deliverySchema = z
  .object({
    id: z.string(),
    request_id: z.string(),
    user_id: z.string(),
    event: z.string().describe("Status of the request that the webhook tells of"),
    target: z.string().describe("Where to, without the query"),
    status: deliveryStatusSchema,
    attempts: z.number().int().describe("Tries so far"),
    response_status: z.number().int().nullable().describe("Status of the receiver's last answer"),
    error: z.string().nullable().describe("Why the last try failed"),
    created_at: time,
    next_attempt_at: time.nullable().describe("Null once it has ended"),
    ended_at: time.nullable(),
  })
  .meta({ id: "Delivery" });

export const deliveryListSchema = z
  .object({ deliveries: z.array(deliverySchema).describe("Newest first"), count: z.number().int() })
  .meta({ id: "DeliveryList" });

export const deliveryListQuerySchema = z.object({
  status: deliveryStatusSchema.optional(),
  request_id: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
