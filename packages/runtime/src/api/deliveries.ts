import type { DeliveryRepository } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { readPart } from "./list-page.ts";

/** Drops the query of a webhook's URL, which often holds a token. */
const withoutQuery = (target: string) => target.split("?", 1)[0] ?? "";

/** `GET /deliveries`: the log of webhooks. */
export const deliveryEndpoints = (deps: { formationId: string; deliveries: DeliveryRepository }) =>
  ({
    async getDeliveries({ query }) {
      const { status, request_id: requestId } = query;
      const { rows, next } = await readPart(
        query,
        (page) => deps.deliveries.list(deps.formationId, { ...page, status, requestId }),
        ({ createdAt: at, id: name }) => ({ at, name }),
      );
      return {
        deliveries: rows.map((row) => ({
          id: row.id,
          request_id: row.requestId,
          user_id: row.userId,
          event: row.event,
          target: withoutQuery(row.target),
          status: row.status,
          attempts: row.attempts,
          response_status: row.responseStatus,
          error: row.error,
          created_at: row.createdAt,
          next_attempt_at: row.status === "pending" ? row.nextAttemptAt : null,
          ended_at: row.endedAt,
        })),
        count: rows.length,
        next,
      };
    },
  }) satisfies Partial<Endpoints>;
