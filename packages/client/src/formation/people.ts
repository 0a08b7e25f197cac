import type {
  Credential,
  CredentialDeleted,
  CredentialList,
  CredentialServiceList,
  IdentifierDeleted,
  IdentifiersAssociated,
  NewIdentifier,
  ResolvedUser,
  UserIdentifierList,
} from "@muxi/protocol/types";
import { path, requireText } from "../http/arguments.ts";
import type { CallOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import { Automation } from "./automation.ts";
import type { ForUser } from "./caller.ts";

const ofUser = { key: "either", user: "required" } as const;

/**
 * Users, their identifiers and their credentials (docs/spec/formation-api.md "Credentials" and
 * "User identifiers").
 */
export class People extends Automation {
  /** Services for which users may store credentials. */
  async getCredentialServices(options?: CallOptions): Promise<Result<CredentialServiceList>> {
    return this.call({ path: "/credentials/services", key: "either" }, options);
  }

  /** The user's credentials, none of them readable. */
  async getCredentials({ userId }: ForUser = {}, options?: CallOptions): Promise<Result<CredentialList>> {
    return this.call({ path: "/credentials", ...ofUser, userId }, options);
  }

  /**
   * Stores a credential of the user.
   *
   * `name`: by default the service.
   */
  async createCredential(
    {
      service,
      credential,
      name,
      userId,
    }: ForUser & { service: string; credential: Record<string, unknown>; name?: string | undefined },
    options?: CallOptions,
  ): Promise<Result<Credential>> {
    const json = { service: requireText("service", service), credential, name };
    return this.call({ method: "POST", path: "/credentials", ...ofUser, userId, json }, options);
  }

  /** One credential of the user, not readable. */
  async getCredential(
    { credentialId, userId }: ForUser & { credentialId: string },
    options?: CallOptions,
  ): Promise<Result<Credential>> {
    return this.call({ path: path`/credentials/${{ credentialId }}`, ...ofUser, userId }, options);
  }

  /** Removes a credential of the user. */
  async deleteCredential(
    { credentialId, userId }: ForUser & { credentialId: string },
    options?: CallOptions,
  ): Promise<Result<CredentialDeleted>> {
    const spec = { path: path`/credentials/${{ credentialId }}`, ...ofUser };
    return this.call({ ...spec, method: "DELETE", userId }, options);
  }

  /** Everything by which a user is known. */
  async getUserIdentifiers(
    { muxiUserId }: { muxiUserId: string },
    options?: CallOptions,
  ): Promise<Result<UserIdentifierList>> {
    return this.call({ path: path`/users/identifiers/${{ muxiUserId }}`, key: "client" }, options);
  }

  /**
   * Gives identifiers to a user; those that belonged to another move over.
   *
   * `muxiUserId`: left out, a new user is made.
   */
  async addUserIdentifiers(
    { muxiUserId, identifiers }: { muxiUserId?: string | undefined; identifiers: NewIdentifier[] },
    options?: CallOptions,
  ): Promise<Result<IdentifiersAssociated>> {
    const json = { muxi_user_id: muxiUserId, identifiers };
    return this.call({ method: "POST", path: "/users/identifiers", key: "client", json }, options);
  }

  /** Takes an identifier away from its user. */
  async deleteUserIdentifier(
    { identifier }: { identifier: string },
    options?: CallOptions,
  ): Promise<Result<IdentifierDeleted>> {
    const spec = { path: path`/users/identifiers/${{ identifier }}`, key: "client" } as const;
    return this.call({ ...spec, method: "DELETE" }, options);
  }

  /**
   * The user behind an identifier, such as an e-mail address.
   *
   * `createUser`: make one when there is none. Default false: throws `NotFoundError`.
   */
  async resolveUser(
    {
      identifier,
      identifierType,
      createUser = false,
    }: { identifier: string; identifierType?: string | undefined; createUser?: boolean | undefined },
    options?: CallOptions,
  ): Promise<Result<ResolvedUser>> {
    if (!createUser) return this.call({ path: path`/users/${{ identifier }}`, key: "client" }, options);
    const json = { identifier: requireText("identifier", identifier), identifier_type: identifierType };
    return this.call({ method: "POST", path: "/users/resolve", key: "client", json }, options);
  }
}
