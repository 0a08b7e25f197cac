import { ApiError } from "@muxi/protocol";
import { isoTime, parseObject } from "../base/index.ts";
import type { AuditRepository } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { readPart } from "./list-page.ts";
import { timeOf } from "./times.ts";

interface AuditDeps {
  formationId: string;
  audit: AuditRepository;
}

const confirmation = "clear-audit-log";

/** The endpoints of docs/spec/formation-api.md "Audit log". */
export const auditEndpoints = ({ formationId, audit }: AuditDeps) =>
  ({
    async getAuditLog({ query: { action, resource_type, since, ...page } }) {
      const filter = {
        action,
        resourceType: resource_type,
        since: since === undefined ? undefined : timeOf("since", since),
      };
      const [{ rows, next }, total] = await Promise.all([
        readPart(
          page,
          (more) => audit.list(formationId, { ...filter, ...more }),
          (record) => record,
        ),
        audit.count(formationId, filter),
      ]);
      return {
        entries: rows.map((record) => ({
          id: record.id,
          timestamp: isoTime(record.at),
          action: record.action,
          resource_type: record.resourceType,
          resource_id: record.resourceId,
          user_id: record.userId,
          request_id: record.requestId,
          ip: record.ip,
          outcome: record.outcome,
          details: record.details === null ? null : (parseObject(record.details) ?? null),
          suppressed: record.suppressed,
        })),
        total_entries: total,
        limit: page.limit,
        next,
      };
    },

    async clearAuditLog({ query: { confirm } }) {
      if (confirm !== confirmation) {
        throw new ApiError("INVALID_REQUEST", `The audit log is only emptied with ?confirm=${confirmation}`);
      }
      return {
        previous_entries_count: await audit.clear(formationId),
        cleared_by: "admin",
        message: "Audit log emptied",
      };
    },
  }) satisfies Partial<Endpoints>;
