import * as z from "zod";
import { lazy } from "../base/index.ts";
import { auditClearedSchema, auditLogSchema, auditQuerySchema } from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

const confirmation = lazy(() =>
  z.object({
    confirm: z
      .string()
      .max(100)
      .optional()
      .describe("Must be `clear-audit-log`, so that nobody empties it by mistake"),
  }),
);

/** Who changed what, and who was refused (docs/spec/formation-api.md "Audit log"). */
export const auditRoutes = {
  getAuditLog: route({
    method: "GET",
    path: "/audit",
    summary: "List changes made with the admin key and refused calls, newest first",
    tag: "Audit",
    key: "admin",
    query: auditQuerySchema,
    object: "audit_log",
    type: "audit.retrieved",
    data: auditLogSchema,
    errors: ["INVALID_PARAMETER"],
  }),
  clearAuditLog: route({
    method: "DELETE",
    path: "/audit",
    summary: "Empty the audit log; needs confirm=clear-audit-log",
    tag: "Audit",
    key: "admin",
    query: confirmation,
    object: "audit_log",
    type: "audit.cleared",
    data: auditClearedSchema,
    errors: ["INVALID_REQUEST"],
  }),
} as const satisfies Record<string, Route>;
