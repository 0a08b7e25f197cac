import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "@muxi/protocol";
import type { AppUser, KnownIdentifier, NamedPage, NewIdentifier, UserRepository } from "../store/index.ts";

export interface ResolvedUser {
  identifier: string;
  user: AppUser;
}

/**
 * Identifiers and the users behind them (docs/spec/formation-api.md "User identifiers"). Identifiers of one user
 * share memories, credentials and jobs, because all reach the same owner.
 */
export interface Identities {
  /**
   * The owner whose data an identifier reaches: the `user_id` of every table. Costs one look-up in a map, which is
   * empty until identifiers are linked or moved.
   */
  ownerOf(identifier: string): string;
  /** Reads what other processes have changed; undefined when there is nothing to wait for. */
  refresh(): Promise<void> | undefined;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  lookUp(identifier: string): Promise<ResolvedUser>;
  /** Like `lookUp`, but creates the user when there is none. */
  resolve(identifier: NewIdentifier): Promise<ResolvedUser>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  list(userId: string): Promise<{ user: AppUser; identifiers: KnownIdentifier[] }>;
  /** Identifiers of all users, newest first. */
  listAll(page: NamedPage): Promise<(KnownIdentifier & { userId: string })[]>;
  /**
   * Links identifiers to a user, or to a new one. Those of another user are moved. No data is merged.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND`, `INVALID_REQUEST`
   */
  associate(userId: string | undefined, identifiers: readonly NewIdentifier[]): Promise<AppUser>;
  /**
   * Unlinks an identifier from its user.
   *
   * @returns The user's id.
   * @throws ApiError `RESOURCE_NOT_FOUND`
   */
  unlink(identifier: string): Promise<string>;
  /** What leads to a user's data, by the user's id or an identifier, whether or not there is any. */
  whole(name: string): Promise<WholeUser>;
  /**
   * Deletes a user and their identifiers. Whoever comes with one of them is new, in all processes.
   *
   * @returns The owners that identifiers of another name have led to until now.
   */
  delete(user: WholeUser): Promise<string[]>;
}

/** A user, with all that leads to their data. */
export interface WholeUser {
  /** `usr_…`; null for one who has no id. */
  id: string | null;
  identifiers: KnownIdentifier[];
  /** The `user_id` of their data: more than one when an identifier had data before it became this user's. */
  owners: string[];
}

export interface IdentitiesDeps {
  formationId: string;
  users: UserRepository;
  /** Whether other processes change the same database. */
  isShared: boolean;
  now: () => number;
}

/**
 * How long a shared table is trusted, in milliseconds: changes of another process may take effect here this much later.
 */
const trustedFor = 1_000;
/** How far the clocks of two processes may differ, in milliseconds. */
const clockSkew = 10_000;

/** The user of all callers who give no id (docs/spec/formation-api.md "Users"). */
const anonymous = "0";

const newUserId = () => `usr_${randomBytes(6).toString("hex")}`;

/** In upper case, since identifiers are in lower case: nobody can send it. */
const newOwner = () => `U_${randomBytes(9).toString("hex").toUpperCase()}`;

const unknownUser = (which: string) => new ApiError("RESOURCE_NOT_FOUND", `There is no user ${which}`);

const refuseAnonymous = (identifiers: readonly NewIdentifier[]) => {
  if (!identifiers.some(({ identifier }) => identifier === anonymous)) return;
  throw new ApiError(
    "INVALID_REQUEST",
    `'${anonymous}' stands for all callers who give no id, so it cannot be a user's identifier`,
  );
};

export const createIdentities = async (deps: IdentitiesDeps): Promise<Identities> => {
  const { formationId, users, isShared, now } = deps;
  /** The owners of identifiers whose owner has another name. */
  const owners = new Map<string, string>();
  let lastChange = 0;
  let lastDeletion = 0;
  let readAt = now();

  const note = (identifier: string, owner: string) => {
    if (owner === identifier) owners.delete(identifier);
    else owners.set(identifier, owner);
  };

  const read = async () => {
    readAt = now();
    const deletion = await users.lastDeletion(formationId);
    // Of an identifier that was deleted there is no row which says so.
    const isAll = lastChange === 0 || deletion !== lastDeletion;
    if (isAll) {
      const linked = await users.linked(formationId);
      owners.clear();
      for (const { identifier, owner } of linked) note(identifier, owner);
      lastChange = readAt;
    } else {
      for (const { identifier, owner, changedAt } of await users.changedSince(
        formationId,
        lastChange - clockSkew,
      )) {
        note(identifier, owner);
        lastChange = Math.max(lastChange, changedAt);
      }
    }
    lastDeletion = deletion;
  };
  await read();

  const resolved = async (identifier: string): Promise<ResolvedUser | undefined> => {
    const known = await users.identifier(formationId, identifier);
    return known?.userId ? { identifier, user: { id: known.userId, owner: known.owner } } : undefined;
  };

  const resolve = async (identifier: NewIdentifier): Promise<ResolvedUser> => {
    refuseAnonymous([identifier]);
    const name = identifier.identifier;
    const known = await users.identifier(formationId, name);
    if (!known?.userId) {
      await users.create(formationId, { id: newUserId(), owner: known?.owner ?? name }, identifier, now());
    }
    const found = await resolved(name);
    if (!found) throw unknownUser(`'${name}'`);
    return found;
  };

  /** A new user owns the data of its first identifier, unless that identifier is another user's. */
  const newUser = async ([first]: readonly NewIdentifier[]): Promise<AppUser> => {
    const known = first && (await users.identifier(formationId, first.identifier));
    const isFree = first !== undefined && !known?.userId;
    return { id: newUserId(), owner: isFree ? (known?.owner ?? first.identifier) : newOwner() };
  };

  return {
    ownerOf: (identifier) => owners.get(identifier) ?? identifier,

    refresh: () => (isShared && Math.abs(now() - readAt) >= trustedFor ? read() : undefined),

    async lookUp(identifier) {
      const found = await resolved(identifier);
      if (found) return found;
      // Whoever has a session is known, although the user is created only now.
      const known = await users.identifier(formationId, identifier);
      if (!known && identifier !== anonymous && (await users.hasSessions(formationId, identifier))) {
        return resolve({ identifier, type: "unknown" });
      }
      throw unknownUser(`known as '${identifier}'`);
    },

    resolve,

    async list(userId) {
      const user = await users.get(formationId, userId);
      if (!user) throw unknownUser(`'${userId}'`);
      return { user, identifiers: await users.identifiersOf(formationId, userId) };
    },

    listAll: (page) => users.identifiers(formationId, page),

    async associate(userId, identifiers) {
      refuseAnonymous(identifiers);
      const user = userId === undefined ? await newUser(identifiers) : await users.get(formationId, userId);
      if (!user) throw unknownUser(`'${userId}'`);
      await users.associate(formationId, user, identifiers, now());
      for (const { identifier } of identifiers) note(identifier, user.owner);
      return user;
    },

    async unlink(identifier) {
      const found = await resolved(identifier);
      // Its own name may be the owner of its former user's data.
      const owner = (await users.isOwned(formationId, identifier)) ? newOwner() : identifier;
      if (!found || !(await users.unlink(formationId, identifier, owner, now()))) {
        throw unknownUser(`known as '${identifier}'`);
      }
      note(identifier, owner);
      return found.user.id;
    },

    async whole(name) {
      const known = await users.identifier(formationId, name);
      const user = await users.get(formationId, known?.userId ?? name);
      const identifiers = user ? await users.identifiersOf(formationId, user.id) : known ? [known] : [];
      const owner = user?.owner ?? known?.owner ?? name;
      const before: string[] = [];
      for (const { identifier } of identifiers)
        if (identifier !== owner && !(await users.isOwned(formationId, identifier))) before.push(identifier);
      return { id: user?.id ?? null, identifiers, owners: [owner, ...before] };
    },

    async delete({ id, identifiers }) {
      const names = identifiers.map(({ identifier }) => identifier);
      await users.delete(formationId, { id, identifiers: names }, newOwner, now());
      await read();
      const left = identifiers.flatMap(({ identifier, owner }) => (owner === identifier ? [] : [owner]));
      // Twice, since what another process has begun for the owner has still to be written.
      if (isShared && left.length > 0) await sleep(2 * trustedFor);
      return [...new Set(left)];
    },
  };
};
