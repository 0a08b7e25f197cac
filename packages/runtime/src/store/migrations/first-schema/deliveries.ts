import type { Dialect } from "../../database/index.ts";

/**
 * The outbox of webhooks. `run_after` is when the next attempt is due or, while a process is sending, when its lease
 * ends. `origin` groups the rows of one receiver.
 */
export const deliveryTables = ({ inKeyOrder }: Dialect): readonly string[] => [
  `create table delivery (
    id text not null primary key,
    formation_id text not null,
    user_id text not null,
    request_id text not null,
    event text not null,
    target text not null,
    origin text not null,
    body text,
    status text not null,
    attempts bigint not null,
    run_after bigint not null,
    lease_owner text,
    created_at bigint not null,
    ended_at bigint,
    response_status bigint,
    error text
  )${inKeyOrder}`,
  "create index delivery_due on delivery (formation_id, origin, run_after) where status = 'pending'",
  "create index delivery_by_time on delivery (formation_id, created_at)",
];
