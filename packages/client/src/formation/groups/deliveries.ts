import type { Delivery, DeliveryList } from "@muxi/protocol/types";
import type { CallOptions, Pages, Result } from "../../http/index.ts";
import { access, pagedEndpoint, pagesOf } from "../index.ts";

/** Which webhook deliveries to list. */
export interface DeliveryFilter {
  /** Only deliveries of this status. */
  status?: "pending" | "sent" | "failed" | undefined;

  /** Only deliveries that report on this request. */
  requestId?: string | undefined;
  /** Size of a page, 1 to 1000. Default 100. */
  limit?: number | undefined;
  /** Only deliveries after those of an earlier answer: its `next`. */
  before?: string | undefined;
}

/** Webhooks that the formation sends. Needs the admin key (docs/spec/formation-api.md "Webhook deliveries"). */
export interface DeliveryMethods {
  /**
   * Lists webhook deliveries, newest first: awaited, one page; iterated, all. Those that have ended are kept for seven days.
   */
  list(filter?: DeliveryFilter, options?: CallOptions): Pages<Result<DeliveryList>, Delivery>;
}

export const createDeliveries = (): DeliveryMethods => ({
  list: pagedEndpoint(
    "getDeliveries",
    "/deliveries",
    access.admin,
    { status: true, requestId: true, limit: true, before: true },
    pagesOf(({ deliveries }: DeliveryList) => deliveries),
  ),
});
