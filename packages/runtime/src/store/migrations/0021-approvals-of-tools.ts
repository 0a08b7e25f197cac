import type { Migration } from "./migration.ts";

/** What users have approved once and for all, and what exactly an audited change was about. */
export const approvalsOfTools: Migration = {
  name: "approvals of tools",
  statements: () => [
    `create table tool_approval (
      formation_id text not null,
      user_id text not null,
      tool text not null,
      -- Empty for all sessions of the user.
      session_id text not null,
      created_at bigint not null,
      primary key (formation_id, user_id, tool, session_id)
    )`,
    "alter table audit add column details text",
  ],
};
