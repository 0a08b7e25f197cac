import type { Dialect } from "../../database/index.ts";

/**
 * Chats, triggers and job runs: their state, the queue of background requests, and the events of each. While a process
 * works on a request it holds a lease, which it renews by changing `lease_until`. `log` has the events of a request that
 * has ended, `request_part` those of a running one, for readers in other processes.
 */
export const requestTables = ({ serial, inKeyOrder }: Dialect): readonly string[] => [
  `create table request (
    seq ${serial},
    formation_id text not null,
    id text not null,
    user_id text not null,
    session_id text not null,
    kind text not null,
    mode text not null,
    status text not null,
    input text,
    webhook_url text,
    idempotency_key text,
    body_hash text,
    created_at bigint not null,
    started_at bigint,
    completed_at bigint,
    error text,
    log text,
    attempts bigint not null,
    run_after bigint not null,
    lease_owner text,
    lease_until bigint,
    cancel_asked bigint not null
  )`,
  "create unique index request_by_id on request (formation_id, id)",
  "create index request_by_user on request (formation_id, user_id, created_at)",
  "create unique index request_by_key on request (formation_id, user_id, idempotency_key) where idempotency_key is not null",
  "create index request_open on request (formation_id, run_after) where completed_at is null",
  "create index request_asking on request (formation_id, session_id) where status = 'awaiting_clarification'",
  `create table request_step (
    formation_id text not null,
    request_id text not null,
    key text not null,
    result text not null,
    primary key (formation_id, request_id, key)
  )${inKeyOrder}`,
  `create table request_part (
    formation_id text not null,
    request_id text not null,
    after_event bigint not null,
    events text not null,
    primary key (formation_id, request_id, after_event)
  )${inKeyOrder}`,
];
