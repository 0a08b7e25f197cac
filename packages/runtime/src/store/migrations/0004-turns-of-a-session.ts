import type { Migration } from "./migration.ts";

/**
 * A session counts its turns, so that the part of it which models see moves in steps, and its open requests are found
 * by it, so that one is answered after the other.
 */
export const turnsOfASession: Migration = {
  name: "turns of a session",
  statements: () => [
    "alter table session add column turns bigint not null default 0",
    `update session set turns =
      (select count(*) from message where session_seq = session.seq and role = 'user')`,
    "drop index request_asking",
    "create index request_in_session on request (formation_id, session_id) where completed_at is null",
  ],
};
