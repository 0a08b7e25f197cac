import type { Confirmation, Secret, SecretList, SecretsReloaded } from "@muxi/protocol/types";
import { ConflictError, MuxiError, NotFoundError } from "../../errors/index.ts";
import { type CallOptions, fillPath, type Result } from "../../http/index.ts";
import { access, asyncMethod, bareEndpoint, dataOf, endpoint } from "../index.ts";

/** The formation's secrets. Needs the admin key (docs/spec/formation-api.md "Secrets"). */
export interface SecretMethods {
  /** Lists the names of the secrets, each with its masked value. */
  list(options?: CallOptions): Promise<Result<SecretList>>;

  /**
   * Reads the masked value of one secret. Throws `NotFoundError` when there is none. No call returns a clear
   * value.
   */
  get(
    args: {
      /** Name of the secret, in any case. */
      key: string;
    },
    options?: CallOptions,
  ): Promise<string>;

  /** Sets a secret, whether it exists or not. The running formation uses it after a restart. */
  set(
    args: {
      /** Name of the secret; stored in upper case, with `_` for all but letters and digits. */
      key: string;
      /** The secret itself; at most 65,536 characters. */
      value: string;
    },
    options?: CallOptions,
  ): Promise<Result<Confirmation>>;

  /** Removes a secret. Throws `ConflictError` while the formation uses it. */
  delete(
    args: {
      /** Name of the secret, in any case. */
      key: string;
    },
    options?: CallOptions,
  ): Promise<Result<Confirmation>>;

  /** Reads the formation's secrets file again. */
  reload(options?: CallOptions): Promise<Result<SecretsReloaded>>;
}

/** The form in which the server stores the name of a secret. */
const storedName = (key: string): string => key.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");

export const createSecrets = (): SecretMethods => ({
  list: bareEndpoint("getSecrets", "GET", "/secrets", access.admin),
  get: asyncMethod("getSecret", "{ key }", async (caller, { key }, options) => {
    const path = fillPath("/secrets/{key}", { key });
    try {
      return (await dataOf<Secret>(caller, { ...access.admin, path }, options)).value;
    } catch (error) {
      if (!(error instanceof MuxiError) || error.statusCode !== 405) throw error;
    }
    // Other servers have only the list.
    const name = storedName(key);
    const { secrets } = await dataOf<SecretList>(caller, { ...access.admin, path: "/secrets" }, options);
    const masked = secrets[name];
    if (masked !== undefined) return masked;
    throw new NotFoundError(`There is no secret ${name}`, { code: "SECRET_NOT_FOUND", statusCode: 404 });
  }),
  set: asyncMethod("setSecret", "{ key, value }", async (caller, { key, value }, options) => {
    const create = { ...access.admin, method: "POST", path: "/secrets", json: { key, value } } as const;
    const path = fillPath("/secrets/{key}", { key });
    try {
      return await dataOf<Confirmation>(caller, create, options);
    } catch (error) {
      if (!(error instanceof ConflictError) || error.code !== "SECRET_EXISTS") throw error;
      return dataOf<Confirmation>(caller, { ...create, method: "PUT", path, json: { value } }, options);
    }
  }),
  delete: endpoint("deleteSecret", "DELETE", "/secrets/{key}", access.admin, {}),
  reload: bareEndpoint("reloadSecrets", "POST", "/secrets/reload", access.admin),
});
