import type { Dialect } from "../../database/index.ts";

/** Changes made with the admin key, and calls that were refused. */
export const auditTables = ({ serial }: Dialect): readonly string[] => [
  `create table audit (
    seq ${serial},
    formation_id text not null,
    id text not null,
    at bigint not null,
    action text not null,
    resource_type text not null,
    resource_id text,
    user_id text,
    request_id text not null,
    ip text not null,
    outcome text not null,
    suppressed bigint not null
  )`,
  "create index audit_by_formation on audit (formation_id, seq)",
];
