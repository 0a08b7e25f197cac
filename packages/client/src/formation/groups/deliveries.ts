import type { DeliveryList } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, endpoint } from "../index.ts";

/** Which webhook deliveries to list. */
export interface DeliveryFilter {
  /** Only deliveries of this status. */
  status?: "pending" | "sent" | "failed" | undefined;

  /** Only deliveries that report on this request. */
  requestId?: string | undefined;
  /** 1 to 1000, default 100. */
  limit?: number | undefined;
}

/** Webhooks that the formation sends. Needs the admin key (docs/spec/formation-api.md "Webhook deliveries"). */
export interface DeliveryMethods {
  /** Lists webhook deliveries, newest first. Those that have ended are kept for seven days. */
  list(filter?: DeliveryFilter, options?: CallOptions): Promise<Result<DeliveryList>>;
}

export const createDeliveries = (): DeliveryMethods => ({
  list: endpoint("getDeliveries", "GET", "/deliveries", access.admin, {
    status: "status",
    requestId: "request_id",
    limit: "limit",
  }),
});
