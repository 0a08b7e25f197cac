import type { Dialect } from "../../database/index.ts";

/**
 * Users, what they are known by, and the credentials they lend.
 *
 * `owner` is what the `user_id` of all other tables holds. It is the identifier by which a user was known first, so
 * that nothing has to be moved when a user is made of an identifier that has data. A row of `user_identifier` is
 * never deleted: without a `user_id` it stands for an identifier that was taken away from its user.
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
