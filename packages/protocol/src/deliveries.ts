import * as z from "zod";
import { lazy, named } from "./lazy.ts";

const time = z.number().int().describe("Unix milliseconds");

export const deliveryStatusSchema = lazy(() => z.enum(["pending", "sent", "failed"]));

export const deliverySchema = named("Delivery", () =>
  z.object({
    id: z.string(),
    request_id: z.string(),
    user_id: z.string(),
    event: z.string().describe("Status of the request that the webhook tells of"),
    target: z.string().describe("Where to, without the query"),
    status: deliveryStatusSchema(),
    attempts: z.number().int().describe("Tries so far"),
    response_status: z.number().int().nullable().describe("Status of the receiver's last answer"),
    error: z.string().nullable().describe("Why the last try failed"),
    created_at: time,
    next_attempt_at: time.nullable().describe("Null once it has ended"),
    ended_at: time.nullable(),
  }),
);

export const deliveryListSchema = named("DeliveryList", () =>
  z.object({ deliveries: z.array(deliverySchema()).describe("Newest first"), count: z.number().int() }),
);

export const deliveryListQuerySchema = lazy(() =>
  z.object({
    status: deliveryStatusSchema().optional(),
    request_id: z.string().min(1).max(200).optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(100),
  }),
);
