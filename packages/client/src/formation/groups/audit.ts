import type { AuditCleared, AuditEntry, AuditLog } from "@muxi/protocol/types";
import type { CallOptions, Pages, Result } from "../../http/index.ts";
import { access, bareEndpoint, pagedEndpoint, pagesOf } from "../index.ts";

/** Which entries of the audit log to read. */
export interface AuditFilter {
  /** Size of a page, 1 to 1000. Default 100. */
  limit?: number | undefined;

  /** Only entries after those of an earlier answer: its `next`. */
  before?: string | undefined;

  /** Only entries of this action, such as `secret.created`. */
  action?: string | undefined;

  /** Only entries about this kind of resource. */
  resourceType?:
    | "agent"
    | "secret"
    | "mcp_server"
    | "scheduler_job"
    | "logging_destination"
    | "async"
    | "memory"
    | undefined;
  /** An ISO 8601 time or day. */
  since?: string | undefined;
}

/** Who changed what. Needs the admin key (docs/spec/formation-api.md "Audit log"). */
export interface AuditMethods {
  /** Reads the audit log, newest entry first: awaited, one page; iterated, all. */
  list(filter?: AuditFilter, options?: CallOptions): Pages<Result<AuditLog>, AuditEntry>;

  /** Empties the audit log. */
  clear(options?: CallOptions): Promise<Result<AuditCleared>>;
}

export const createAudit = (): AuditMethods => ({
  list: pagedEndpoint(
    "getAuditLog",
    "/audit",
    access.admin,
    { limit: true, before: true, action: true, resourceType: true, since: true },
    pagesOf(({ entries }: AuditLog) => entries),
  ),
  clear: bareEndpoint("clearAuditLog", "DELETE", "/audit", {
    ...access.admin,
    query: { confirm: "clear-audit-log" },
  }),
});
