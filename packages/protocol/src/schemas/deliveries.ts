import * as z from "zod";
import {
  beforeNamed,
  count,
  lazy,
  limit,
  named,
  next,
  orNull,
  text,
  unixMilliseconds,
} from "../base/index.ts";

export const deliveryStatusSchema = lazy(() => z.enum(["pending", "sent", "failed"]));

/** docs/spec/formation-api.md "Webhook deliveries". */
export const deliverySchema = named("Delivery", "A webhook on its way, or what became of it.", () =>
  z.object({
    id: text("Id of the delivery"),
    request_id: text("Request that the webhook reports on"),
    user_id: text("User of the request"),
    event: text("State of the request that the webhook reports, such as `completed`"),
    target: text("Address that it goes to, without its query"),
    status: deliveryStatusSchema().describe("`pending` until it was sent or given up"),
    attempts: count("attempts so far"),
    response_status: orNull(
      z.number().int().describe("HTTP status of the receiver's last answer; null before"),
    ),
    error: orNull(text("Why the last attempt failed; null when none has")),
    created_at: unixMilliseconds("When the request ended"),
    next_attempt_at: orNull(unixMilliseconds("When the next attempt is made; null when there is none")),
    ended_at: orNull(unixMilliseconds("When it was sent or given up; null before")),
  }),
);

export const deliveryListSchema = named("DeliveryList", "Webhooks of the last seven days.", () =>
  z.object({
    deliveries: z.array(deliverySchema()).describe("The deliveries that fit, newest first"),
    count: count("deliveries in this answer"),
    next: next(),
  }),
);

export const deliveryListQuerySchema = lazy(() =>
  z.object({
    status: deliveryStatusSchema().optional().describe("Only deliveries of this status"),
    request_id: z.string().min(1).max(200).optional().describe("Only deliveries of this request"),
    limit: limit("Deliveries to return", 1000, 100),
    before: beforeNamed(),
  }),
);
