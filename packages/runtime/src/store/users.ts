import type { Database } from "./database/index.ts";
import { type Statement, sql, textRows } from "./database/index.ts";
import { afterNamed, type NamedPage } from "./list-page.ts";

export interface AppUser {
  /** `usr_…` */
  id: string;
  /** The `user_id` of the data of this user. */
  owner: string;
}

export interface KnownIdentifier {
  identifier: string;
  /** Null when it was removed from its user. */
  userId: string | null;
  owner: string;
  type: string;
  createdAt: number;
}

export interface NewIdentifier {
  identifier: string;
  type: string;
}

/** Users and their identifiers (docs/spec/formation-api.md "User identifiers"). */
export interface UserRepository {
  get(formationId: string, id: string): Promise<AppUser | undefined>;
  identifier(formationId: string, identifier: string): Promise<KnownIdentifier | undefined>;
  /** Oldest first. */
  identifiersOf(formationId: string, userId: string): Promise<KnownIdentifier[]>;
  /** Those that belong to a user, newest first. */
  identifiers(formationId: string, page: NamedPage): Promise<(KnownIdentifier & { userId: string })[]>;
  /** Whether there are sessions under this `user_id`. */
  hasSessions(formationId: string, owner: string): Promise<boolean>;
  /** Creates a user for an identifier that has none. False when it has one by now. */
  create(formationId: string, user: AppUser, identifier: NewIdentifier, now: number): Promise<boolean>;
  /** Assigns identifiers to a user, also those of other users, and creates the user when it is new. */
  associate(
    formationId: string,
    user: AppUser,
    identifiers: readonly NewIdentifier[],
    now: number,
  ): Promise<void>;
  /** Removes an identifier from its user; from then on it leads to the data of `owner`. */
  unlink(formationId: string, identifier: string, owner: string, now: number): Promise<boolean>;
  /** Whether the data under this `user_id` belongs to a user. */
  isOwned(formationId: string, owner: string): Promise<boolean>;
  /**
   * Deletes a user with their identifiers, and an identifier that has no user. One whose name is the owner of another user's
   * data stays without a user, and leads to `elsewhere`.
   */
  delete(
    formationId: string,
    user: { id: string | null; identifiers: readonly string[] },
    elsewhere: () => string,
    now: number,
  ): Promise<void>;
  /** When a user was last deleted, in Unix milliseconds; 0 when none was. */
  lastDeletion(formationId: string): Promise<number>;
  /** Identifiers that lead to the data of another name. */
  linked(formationId: string): Promise<{ identifier: string; owner: string }[]>;
  /** Identifiers that were changed since a time, and whose data they lead to. */
  changedSince(
    formationId: string,
    since: number,
  ): Promise<{ identifier: string; owner: string; changedAt: number }[]>;
}

const columns = sql`identifier, user_id as "userId", owner, type, created_at as "createdAt"`;

const insertUser = (formationId: string, user: AppUser, now: number): Statement =>
  sql`insert into app_user (formation_id, id, owner, created_at)
    values (${formationId}, ${user.id}, ${user.owner}, ${now}) on conflict (formation_id, id) do nothing`;

const setIdentifier = (
  formationId: string,
  user: AppUser,
  { identifier, type }: NewIdentifier,
  now: number,
): Statement =>
  sql`insert into user_identifier (formation_id, identifier, user_id, owner, type, created_at, changed_at)
    values (${formationId}, ${identifier}, ${user.id}, ${user.owner}, ${type}, ${now}, ${now})
    on conflict (formation_id, identifier) do update
    set user_id = excluded.user_id, owner = excluded.owner, type = excluded.type, changed_at = excluded.changed_at`;

export const createUserRepository = (db: Database): UserRepository => ({
  async get(formationId, id) {
    const [user] = await db.read<AppUser>(
      sql`select id, owner from app_user where formation_id = ${formationId} and id = ${id}`,
    );
    return user;
  },

  async identifier(formationId, identifier) {
    const [row] = await db.read<KnownIdentifier>(
      sql`select ${columns} from user_identifier
        where formation_id = ${formationId} and identifier = ${identifier}`,
    );
    return row;
  },

  identifiersOf: (formationId, userId) =>
    db.read(
      sql`select ${columns} from user_identifier
        where formation_id = ${formationId} and user_id = ${userId} order by created_at, identifier limit 1000`,
    ),

  identifiers: (formationId, { limit, before }) =>
    db.read(
      sql`select ${columns} from user_identifier
        where formation_id = ${formationId} and user_id is not null ${afterNamed(sql`identifier`, before)}
        order by created_at desc, identifier desc limit ${limit}`,
    ),

  async hasSessions(formationId, owner) {
    const rows = await db.read(
      sql`select 1 as found from session where formation_id = ${formationId} and user_id = ${owner} limit 1`,
    );
    return rows.length > 0;
  },

  async create(formationId, user, identifier, now) {
    const taken = await db.writeIf(
      sql`${setIdentifier(formationId, user, identifier, now)} where user_identifier.user_id is null`,
      [insertUser(formationId, user, now)],
    );
    return taken !== undefined;
  },

  async associate(formationId, user, identifiers, now) {
    await db.write([
      insertUser(formationId, user, now),
      ...identifiers.map((identifier) => setIdentifier(formationId, user, identifier, now)),
    ]);
  },

  async unlink(formationId, identifier, owner, now) {
    const [result] = await db.write([
      sql`update user_identifier set user_id = null, owner = ${owner}, changed_at = ${now}
        where formation_id = ${formationId} and identifier = ${identifier} and user_id is not null`,
    ]);
    return result !== undefined && result.changes > 0;
  },

  async isOwned(formationId, owner) {
    const rows = await db.read(
      sql`select 1 as found from app_user where formation_id = ${formationId} and owner = ${owner}`,
    );
    return rows.length > 0;
  },

  async delete(formationId, { id, identifiers }, elsewhere, now) {
    const named = textRows(db.dialect, identifiers);
    const theirs = sql`formation_id = ${formationId}
      and (user_id = ${id} or (user_id is null and identifier in ${named}))`;
    const isOwner = sql`exists (select 1 from app_user where app_user.formation_id = ${formationId}
      and app_user.owner = user_identifier.identifier and app_user.id <> ${id ?? ""})`;
    const kept = await db.read<{ identifier: string }>(
      sql`select identifier from user_identifier where ${theirs} and ${isOwner}`,
    );
    await db.write([
      ...kept.map(
        ({ identifier }) =>
          sql`update user_identifier set user_id = null, owner = ${elsewhere()}, changed_at = ${now}
            where ${theirs} and identifier = ${identifier}`,
      ),
      sql`delete from user_identifier where ${theirs} and not ${isOwner}`,
      sql`delete from app_user where formation_id = ${formationId} and id = ${id}`,
      sql`insert into user_deletion (formation_id, deleted_at) values (${formationId}, ${now})
        on conflict (formation_id) do update
        set deleted_at = case when excluded.deleted_at > user_deletion.deleted_at
          then excluded.deleted_at else user_deletion.deleted_at + 1 end`,
    ]);
  },

  async lastDeletion(formationId) {
    const [row] = await db.read<{ at: number }>(
      sql`select deleted_at as at from user_deletion where formation_id = ${formationId}`,
    );
    return Number(row?.at ?? 0);
  },

  linked: (formationId) =>
    db.read(
      sql`select identifier, owner from user_identifier
        where formation_id = ${formationId} and owner <> identifier`,
    ),

  changedSince: (formationId, since) =>
    db.read(
      sql`select identifier, owner, changed_at as "changedAt" from user_identifier
        where formation_id = ${formationId} and changed_at >= ${since}`,
    ),
});
