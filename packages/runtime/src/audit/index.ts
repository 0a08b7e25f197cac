/** The audit log: who changed what with the admin key, and who was refused. */
export { type AuditedCall, type AuditTrail, createAuditTrail } from "./trail.ts";
