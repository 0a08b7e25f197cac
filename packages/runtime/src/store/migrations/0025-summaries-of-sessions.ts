import type { Migration } from "./migration.ts";

/**
 * What was said in a session before its message `before_seq`: of kind `window` in place of what models do not see any more,
 * of kind `log` of the whole session. A task is a summary that is still to be made; `due` is the end of its lease while
 * somebody is at it. What a request has said is left out of summaries once a memory of it was deleted.
 *
 * None of them refers to `session` by a key: that would lock its row while a summary is stored, and those who delete
 * messages lock them in the other order.
 */
export const summariesOfSessions: Migration = {
  name: "summaries of sessions",
  statements: ({ inKeyOrder }) => [
    `create table session_summary (
      session_seq bigint not null,
      kind text not null,
      before_seq bigint not null,
      text text not null,
      details text,
      made_at bigint not null,
      primary key (session_seq, kind, before_seq)
    )${inKeyOrder}`,
    `create table summary_task (
      session_seq bigint not null,
      kind text not null,
      formation_id text not null,
      before_seq bigint not null,
      due bigint not null,
      attempts bigint not null,
      primary key (session_seq, kind)
    )${inKeyOrder}`,
    "create index summary_task_due on summary_task (formation_id, due)",
    `create table summary_omission (
      session_seq bigint not null,
      request_id text not null,
      primary key (session_seq, request_id)
    )${inKeyOrder}`,
  ],
};
