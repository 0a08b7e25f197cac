import type { AuditCleared, AuditLog } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint } from "../index.ts";

/** Which entries of the audit log to read. */
export interface AuditFilter {
  /** 1 to 1000, default 100. */
  limit?: number | undefined;

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
  /** Reads the audit log, newest entry first. */
  list(filter?: AuditFilter, options?: CallOptions): Promise<Result<AuditLog>>;

  /** Empties the audit log. */
  clear(options?: CallOptions): Promise<Result<AuditCleared>>;
}

export const createAudit = (): AuditMethods => ({
  list: endpoint("getAuditLog", "GET", "/audit", access.admin, {
    limit: "limit",
    action: "action",
    resourceType: "resource_type",
    since: "since",
  }),
  clear: bareEndpoint("clearAuditLog", "DELETE", "/audit", {
    ...access.admin,
    query: { confirm: "clear-audit-log" },
  }),
});
