import { newId, type Route } from "@muxi/protocol";
import type { AuditRecord, AuditRepository } from "../store/index.ts";

/** A call as far as the audit log tells of it. */
export interface AuditedCall {
  row: Route;
  requestId: string;
  ip: string;
  /** Values of the path's parameters. */
  params: Readonly<Record<string, unknown>>;
  userId?: string | undefined;
}

/**
 * The audit log (docs/spec/formation-api.md "Audit log"): stored, limited in size, and without values that were sent.
 */
export interface AuditTrail {
  /** Records a change. It is on disk when this resolves. */
  changed(call: AuditedCall): Promise<void>;
  /** Records a call with a wrong key. When there are many, some are only counted, so that nobody can fill the disk. */
  denied(call: AuditedCall): void;
}

export interface AuditTrailDeps {
  formationId: string;
  audit: AuditRepository;
  now: () => number;
  log: { error(details: object, message: string): void };
}

const mostDeniedPerMinute = 60;

const resourceTypes: Readonly<Record<string, string>> = {
  agents: "agent",
  secrets: "secret",
  mcp: "mcp_server",
  scheduler: "scheduler_job",
  logging: "logging_destination",
  async: "async",
  requests: "async",
  memory: "memory",
  memories: "memory",
};

const typeOf = ({ path }: Route): string => {
  const [, first = ""] = path.split("/");
  return resourceTypes[first] ?? first;
};

const longestResource = 200;

export const createAuditTrail = ({ formationId, audit, now, log }: AuditTrailDeps): AuditTrail => {
  let minute = 0;
  let deniedInMinute = 0;
  let suppressed = 0;

  const recordOf = ({
    row,
    requestId,
    ip,
    params,
    userId,
  }: AuditedCall): Omit<AuditRecord, "action" | "outcome"> => {
    const resource = Object.values(params).at(-1);
    return {
      id: newId("audit"),
      at: now(),
      resourceType: typeOf(row),
      resourceId: typeof resource === "string" ? resource.slice(0, longestResource) : null,
      userId: userId ?? null,
      requestId,
      ip,
      details: null,
      suppressed: 0,
    };
  };

  return {
    changed: (call) =>
      audit.add(formationId, { ...recordOf(call), action: call.row.type, outcome: "success" }),

    denied(call) {
      const current = Math.floor(now() / 60_000);
      if (current !== minute) {
        minute = current;
        deniedInMinute = 0;
      }
      deniedInMinute += 1;
      if (deniedInMinute > mostDeniedPerMinute) {
        suppressed += 1;
        return;
      }
      const record: AuditRecord = { ...recordOf(call), action: "auth.denied", outcome: "denied", suppressed };
      suppressed = 0;
      audit.add(formationId, record).catch((error) => {
        log.error(
          { err: error, request_id: call.requestId },
          "a refused call could not be written to the audit log",
        );
      });
    },
  };
};
