import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "@muxi/protocol";
import {
  type DeletedRows,
  deletable,
  type Owner,
  type UserDataLine,
  type UserDataRepository,
} from "../store/index.ts";
import type { Identities, WholeUser } from "./identities.ts";

/** What was deleted of a user. */
export interface DeletedUser {
  userId: string | null;
  rows: DeletedRows;
}

/** All that a formation holds of a user (docs/spec/formation-api.md "A user's whole data"). */
export interface UserData {
  /**
   * What is stored, some lines at a time.
   *
   * @param name An identifier, or the id of the user.
   * @throws ApiError `RESOURCE_NOT_FOUND`
   */
  export(name: string): Promise<AsyncIterable<UserDataLine[]>>;
  /**
   * Deletes all of it. What was cut off can be repeated.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND` when there is nothing
   */
  delete(name: string): Promise<DeletedUser>;
}

export interface UserDataDeps {
  formationId: string;
  identities: Identities;
  userData: UserDataRepository;
  /** Stops a request; one that has ended meanwhile stays as it is. */
  cancel: (requestId: string) => Promise<void>;
  /** Told when all is deleted. */
  onDeleted: (name: string, deleted: DeletedUser) => void;
}

/** How long requests that were cancelled may take to end, in milliseconds; those that have not by then end without a row. */
const endsWithin = 5_000;
const lookEvery = 50;
/** Where fewer rows of a table are deleted in one go, there were no more. */
const fewAtOnce = 20;
/** Passes over all tables: what was under way may have written behind the first one. */
const mostPasses = 5;

export const createUserData = (deps: UserDataDeps): UserData => {
  const { formationId, identities, userData } = deps;
  const ownersOf = ({ owners }: WholeUser): Owner[] => owners.map((userId) => ({ formationId, userId }));

  const find = async (name: string): Promise<WholeUser> => {
    const user = await identities.whole(name);
    if (user.id !== null || user.identifiers.length > 0) return user;
    for (const owner of ownersOf(user)) if (await userData.isAny(owner)) return user;
    throw new ApiError("RESOURCE_NOT_FOUND", `There is nothing of a user known as '${name}'`);
  };

  const stopRequests = async (owner: Owner): Promise<void> => {
    for (const id of await userData.open(owner)) await deps.cancel(id);
    for (let waited = 0; waited < endsWithin; waited += lookEvery) {
      if ((await userData.open(owner)).length === 0) return;
      await sleep(lookEvery);
    }
  };

  /** @returns Whether there was anything. */
  const emptyTable = async (owner: Owner, table: string, rows: DeletedRows): Promise<boolean> => {
    for (let isAny = false; ; isAny = true) {
      const begun = performance.now();
      const some = Object.entries(await userData.deleteSome(owner, table));
      if (some.length === 0) return isAny;
      for (const [name, count] of some) if (count > 0) rows[name] = (rows[name] ?? 0) + count;
      // Nobody keeps a table from being done with by going on to write to it: the next pass looks again.
      const there = some.find(([name]) => name === table)?.[1] ?? fewAtOnce;
      if (there < fewAtOnce) return true;
      // Half of the time is left to others.
      await sleep(performance.now() - begun);
    }
  };

  const emptyAll = async (owner: Owner, rows: DeletedRows): Promise<void> => {
    await stopRequests(owner);
    for (let pass = 0, isAny = true; isAny && pass < mostPasses; pass++) {
      isAny = false;
      for (const table of deletable) if (await emptyTable(owner, table, rows)) isAny = true;
    }
    await userData.blankActs(owner);
  };

  const linesOf = async function* (user: WholeUser): AsyncGenerator<UserDataLine[]> {
    const { id, identifiers } = user;
    const known = identifiers.map(({ identifier, type, createdAt }) => ({
      identifier,
      type,
      created_at: new Date(createdAt).toISOString(),
    }));
    yield [{ type: "user", id, identifiers: known }];
    for (const owner of ownersOf(user)) yield* userData.lines(owner);
  };

  return {
    export: async (name) => linesOf(await find(name)),

    async delete(name) {
      const user = await find(name);
      const rows: DeletedRows = {};
      for (const owner of ownersOf(user)) await emptyAll(owner, rows);
      // Who was at work meanwhile has written again where nobody finds it any more.
      for (const userId of await identities.delete(user)) await emptyAll({ formationId, userId }, rows);
      const deleted = { userId: user.id, rows };
      deps.onDeleted(name, deleted);
      return deleted;
    },
  };
};
