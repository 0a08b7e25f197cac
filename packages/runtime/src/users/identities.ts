import { randomBytes } from "node:crypto";
import { ApiError } from "@muxi/protocol";
import type { AppUser, KnownIdentifier, NewIdentifier, UserRepository } from "../store/index.ts";

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
   * Whose data an identifier reaches: the `user_id` of every table. Costs a look into a map, which is empty as long as
   * no identifier was linked or moved.
   */
  ownerOf(identifier: string): string;
  /** Takes up what other processes changed; undefined when there is nothing to wait for. */
  refresh(): Promise<void> | undefined;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  lookUp(identifier: string): Promise<ResolvedUser>;
  /** As `lookUp`, but makes the user when there is none. */
  resolve(identifier: NewIdentifier): Promise<ResolvedUser>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  list(userId: string): Promise<{ user: AppUser; identifiers: KnownIdentifier[] }>;
  /**
   * Gives identifiers to a user, or to a new one; those of another user move over. No data is merged.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND`, `INVALID_REQUEST`
   */
  associate(userId: string | undefined, identifiers: readonly NewIdentifier[]): Promise<AppUser>;
  /**
   * Takes an identifier away from its user; gives the user's id.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND`
   */
  unlink(identifier: string): Promise<string>;
}

export interface IdentitiesDeps {
  formationId: string;
  users: UserRepository;
  /** Whether other processes change the same database. */
  isShared: boolean;
  now: () => number;
}

/** How long a shared table is trusted, in milliseconds: another process's change counts here that much later. */
const trustedFor = 1_000;
/** Clocks of two processes may differ by this, in milliseconds. */
const clockSkew = 10_000;

/** The user of everybody who gave no id (docs/spec/formation-api.md "Users"). */
const anonymous = "0";

const newUserId = () => `usr_${randomBytes(6).toString("hex")}`;

/** In upper case, in which no identifier is: nobody can name it. */
const newOwner = () => `U_${randomBytes(9).toString("hex").toUpperCase()}`;

const unknownUser = (what: string) => new ApiError("RESOURCE_NOT_FOUND", `There is no user ${what}`);

const refuseAnonymous = (identifiers: readonly NewIdentifier[]) => {
  if (!identifiers.some(({ identifier }) => identifier === anonymous)) return;
  throw new ApiError(
    "INVALID_REQUEST",
    `'${anonymous}' stands for everybody who gave no id and cannot be a user's identifier`,
  );
};

export const createIdentities = async (deps: IdentitiesDeps): Promise<Identities> => {
  const { formationId, users, isShared, now } = deps;
  /** Only identifiers that reach an owner of another name. */
  const owners = new Map<string, string>();
  let lastChange = 0;
  let readAt = now();

  const note = (identifier: string, owner: string) => {
    if (owner === identifier) owners.delete(identifier);
    else owners.set(identifier, owner);
  };

  const read = async () => {
    readAt = now();
    for (const { identifier, owner, changedAt } of await users.changedSince(
      formationId,
      lastChange - clockSkew,
    )) {
      note(identifier, owner);
      lastChange = Math.max(lastChange, changedAt);
    }
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

  /** A new user has the data of its first identifier, unless that is somebody else's. */
  const newUser = async ([first]: readonly NewIdentifier[]): Promise<AppUser> => {
    const known = first && (await users.identifier(formationId, first.identifier));
    const isFree = first !== undefined && !known?.userId;
    return { id: newUserId(), owner: isFree ? (known?.owner ?? first.identifier) : newOwner() };
  };

  return {
    ownerOf: (identifier) => owners.get(identifier) ?? identifier,

    refresh: () => (isShared && now() - readAt >= trustedFor ? read() : undefined),

    async lookUp(identifier) {
      const found = await resolved(identifier);
      if (found) return found;
      // Who has talked is known, even though no user was made of them until somebody asks.
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
      // Its own name may be the owner of what its former user has.
      const owner = (await users.isOwned(formationId, identifier)) ? newOwner() : identifier;
      if (!found || !(await users.unlink(formationId, identifier, owner, now()))) {
        throw unknownUser(`known as '${identifier}'`);
      }
      note(identifier, owner);
      return found.user.id;
    },
  };
};
