import type {
  Credential,
  CredentialDeleted,
  CredentialList,
  CredentialServiceList,
} from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint, type ForUser } from "../index.ts";

/**
 * What users lend a formation to act for them. No call returns the value of a credential
 * (docs/spec/formation-api.md "Credentials").
 */
export interface CredentialMethods {
  /** Lists the services for which users may store credentials. */
  services(options?: CallOptions): Promise<Result<CredentialServiceList>>;

  /** Lists the user's credentials. */
  list(args?: ForUser, options?: CallOptions): Promise<Result<CredentialList>>;

  /** Stores a credential of the user. */
  create(
    args: ForUser & {
      /** Service that the credential opens: one of `getCredentialServices`. */
      service: string;
      /** The credential, such as `{ token: "…" }`; at most 64 KiB of JSON. */
      credential: Record<string, unknown>;
      /** Name by which the user knows it. Default: the service. */
      name?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<Credential>>;

  /** Reads what is known about one credential of the user. */
  get(
    args: ForUser & {
      /** Id of the credential. */
      credentialId: string;
    },
    options?: CallOptions,
  ): Promise<Result<Credential>>;

  /** Removes a credential of the user. */
  delete(
    args: ForUser & {
      /** Id of the credential. */
      credentialId: string;
    },
    options?: CallOptions,
  ): Promise<Result<CredentialDeleted>>;
}

export const createCredentials = (): CredentialMethods => ({
  services: bareEndpoint("getCredentialServices", "GET", "/credentials/services", access.either),
  list: endpoint("getCredentials", "GET", "/credentials", access.user, {}),
  create: endpoint(
    "createCredential",
    "POST",
    "/credentials",
    access.user,
    { service: true, credential: true, name: true },
    { required: ["service"] },
  ),
  get: endpoint("getCredential", "GET", "/credentials/{credentialId}", access.user, {}),
  delete: endpoint("deleteCredential", "DELETE", "/credentials/{credentialId}", access.user, {}),
});
