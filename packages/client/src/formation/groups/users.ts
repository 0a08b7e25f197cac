import type {
  AllUserIdentifiers,
  IdentifierDeleted,
  IdentifiersAssociated,
  NewIdentifier,
  ResolvedUser,
  UserDeleted,
  UserIdentifierList,
} from "@muxi/protocol/types";
import { type CallOptions, fillPath, type Pages, type Result, requireText } from "../../http/index.ts";
import { access, asyncMethod, dataOf, endpoint, pagedEndpoint, pagesOf, responseOf } from "../index.ts";

/** Users and their identifiers (docs/spec/formation-api.md "User identifiers"). */
export interface UserMethods {
  /** Lists the identifiers of a user. */
  identifiers(
    args: {
      /** Id of the user, `usr_…`. */
      muxiUserId: string;
    },
    options?: CallOptions,
  ): Promise<Result<UserIdentifierList>>;

  /** Lists what all users are known by, newest first: awaited, one page; iterated, all. Needs the admin key. */
  allIdentifiers(
    args?: {
      /** Size of a page, 1 to 10,000. Default 1000; in an iteration 100. */
      limit?: number | undefined;

      /** Only identifiers after those of an earlier answer: its `next`. */
      before?: string | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<AllUserIdentifiers>, AllUserIdentifiers["identifiers"][number]>;

  /**
   * Adds identifiers to a user. Identifiers of another user move over.
   */
  addIdentifiers(
    args: {
      /** User who gets the identifiers. Default: a new user is made. */
      muxiUserId?: string | undefined;
      /** 1 to 100 identifiers. */
      identifiers: NewIdentifier[];
    },
    options?: CallOptions,
  ): Promise<Result<IdentifiersAssociated>>;

  /** Removes an identifier from its user. */
  deleteIdentifier(
    args: {
      /** The identifier, such as an e-mail address. */
      identifier: string;
    },
    options?: CallOptions,
  ): Promise<Result<IdentifierDeleted>>;

  /**
   * Exports all that is stored of a user: a response whose body is JSON Lines, unread. Needs the admin key.
   *
   * @example
   * const lines = await (await formation.users.export({ identifier: "ann@example.com" })).text();
   */
  export(
    args: {
      /** An identifier of the user, or their id, `usr_…`. */
      identifier: string;
    },
    options?: CallOptions,
  ): Promise<Response>;

  /**
   * Deletes a user with all that is stored of them, for good. Needs the admin key.
   *
   * @example
   * const { deleted } = await formation.users.delete({ identifier: "ann@example.com" });
   */
  delete(
    args: {
      /** An identifier of the user, or their id, `usr_…`. */
      identifier: string;
    },
    options?: CallOptions,
  ): Promise<Result<UserDeleted>>;

  /**
   * Finds the user behind an identifier, such as an e-mail address.
   */
  resolve(
    args: {
      /** The identifier, such as an e-mail address. */
      identifier: string;
      /** Kind of the identifier, for a user that is made. Default `unknown`. */
      identifierType?: string | undefined;
      /** Make a user when there is none. Default false: throws `NotFoundError`. */
      createUser?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<ResolvedUser>>;
}

export const createUsers = (): UserMethods => ({
  identifiers: endpoint("getUserIdentifiers", "GET", "/users/identifiers/{muxiUserId}", access.either, {}),
  allIdentifiers: pagedEndpoint(
    "getAllUserIdentifiers",
    "/users/identifiers",
    access.admin,
    { limit: true, before: true },
    pagesOf(({ identifiers }: AllUserIdentifiers) => identifiers),
  ),
  addIdentifiers: endpoint("addUserIdentifiers", "POST", "/users/identifiers", access.either, {
    muxiUserId: true,
    identifiers: true,
  }),
  deleteIdentifier: endpoint(
    "deleteUserIdentifier",
    "DELETE",
    "/users/identifiers/{identifier}",
    access.either,
    {},
  ),
  export: asyncMethod("exportUser", "{ identifier }", async (caller, { identifier }, options) =>
    responseOf(
      caller,
      { ...access.admin, path: fillPath("/users/{identifier}/export", { identifier }) },
      options,
    ),
  ),
  delete: endpoint("deleteUser", "DELETE", "/users/{identifier}", access.admin, {}),
  resolve: asyncMethod(
    "resolveUser",
    "{ identifier, identifierType, createUser }",
    async (caller, { identifier, identifierType, createUser = false }, options) => {
      const path = fillPath("/users/{identifier}", { identifier });
      if (!createUser) return dataOf<ResolvedUser>(caller, { ...access.client, path }, options);
      const json = { identifier: requireText("identifier", identifier), identifier_type: identifierType };
      const create = { ...access.client, method: "POST", path: "/users/resolve", json } as const;
      return dataOf<ResolvedUser>(caller, create, options);
    },
  ),
});
