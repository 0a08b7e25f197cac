import type { Dialect } from "../../database/index.ts";

/**
 * Users, their identifiers, and their credentials.
 *
 * `owner` is the `user_id` of the user's rows in all other tables: the first identifier of the user, so that no row has
 * to change when a user is created for an identifier that already has data. Rows of `user_identifier` are never deleted:
 * without a `user_id`, one stands for an identifier that was removed from its user.
 */
export const userTables = ({ inKeyOrder }: Dialect): readonly string[] => [
  `create table app_user (
    formation_id text not null,
    id text not null,
    owner text not null,
    created_at bigint not null,
    primary key (formation_id, id),
    unique (formation_id, owner)
  )${inKeyOrder}`,
  `create table user_identifier (
    formation_id text not null,
    identifier text not null,
    user_id text,
    owner text not null,
    type text not null,
    created_at bigint not null,
    changed_at bigint not null,
    primary key (formation_id, identifier)
  )${inKeyOrder}`,
  "create index user_identifier_by_user on user_identifier (formation_id, user_id)",
  "create index user_identifier_by_change on user_identifier (formation_id, changed_at)",
  `create table credential (
    formation_id text not null,
    user_id text not null,
    id text not null,
    service text not null,
    name text not null,
    data text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (formation_id, user_id, id),
    unique (formation_id, user_id, service, name)
  )${inKeyOrder}`,
];
