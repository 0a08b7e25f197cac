import { deliveryListQuerySchema, deliveryListSchema } from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

/** The webhooks of a formation (docs/spec/formation-api.md "Webhook deliveries"). */
export const deliveriesRoutes = {
  getDeliveries: route({
    method: "GET",
    path: "/deliveries",
    summary:
      "List webhooks that are pending, sent or failed, newest first; those that have ended are kept for seven days",
    tag: "Webhooks",
    key: "admin",
    query: deliveryListQuerySchema,
    object: "delivery_list",
    type: "delivery.list",
    data: deliveryListSchema,
  }),
} as const satisfies Record<string, Route>;
