import { findSecretName, mask, normalizeSecretName, type Secrets, SecretsError } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import type { Endpoints } from "./endpoint.ts";

interface SecretsDeps {
  secrets: Secrets;
  /** Names of the secrets that the running formation refers to. */
  used: readonly string[];
}

const unknown = (name: string) =>
  new ApiError("SECRET_NOT_FOUND", `There is no secret ${name}: GET /v1/secrets lists them`);

/** Operators need the file's name and its problem, and neither is secret. */
const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new ApiError("SECRETS_ERROR", `${error.file} ${error.message}`, { cause: error });
  }
};

const afterRestart = "the formation uses it after a restart";

/** The endpoints of docs/spec/formation-api.md "Secrets". No answer holds a value. */
export const secretEndpoints = ({ secrets, used }: SecretsDeps) =>
  ({
    async getSecrets() {
      const names = secrets.names();
      return {
        secrets: Object.fromEntries(names.map((name) => [name, mask(secrets.get(name) ?? "")])),
        count: names.length,
      };
    },

    async getSecret({ params: { key } }) {
      const name = normalizeSecretName(key);
      if (!secrets.names().includes(name)) throw unknown(name);
      return { key: name, value: mask(secrets.get(name) ?? "") };
    },

    createSecret: ({ body: { key, value } }) =>
      guarded(async () => {
        const name = normalizeSecretName(key);
        if (await secrets.create(name, value)) {
          return { message: `Secret ${name} stored: ${afterRestart}` };
        }
        throw new ApiError(
          "SECRET_EXISTS",
          `There is a secret ${name} already: PUT /v1/secrets/${name} changes it`,
        );
      }),

    updateSecret: ({ params: { key }, body: { value } }) =>
      guarded(async () => {
        const name = normalizeSecretName(key);
        const isNew = !secrets.names().includes(name);
        await secrets.set(name, value);
        return { message: `Secret ${name} ${isNew ? "stored" : "changed"}: ${afterRestart}` };
      }),

    deleteSecret: ({ params: { key } }) =>
      guarded(async () => {
        const name = normalizeSecretName(key);
        if (!secrets.names().includes(name)) throw unknown(name);
        if (findSecretName(used, name) !== undefined) {
          throw new ApiError(
            "SECRET_IN_USE",
            `The formation refers to the secret ${name}: remove the reference and restart the formation first`,
          );
        }
        if (!(await secrets.delete(name))) throw unknown(name);
        return { message: `Secret ${name} removed` };
      }),

    reloadSecrets: () =>
      guarded(async () => {
        const reloaded = await secrets.reload();
        const count = reloaded.added.length + reloaded.overwritten.length;
        return {
          message: `${count} new or changed secret(s): the formation uses them after a restart`,
          ...reloaded,
          count: secrets.names().length,
        };
      }),
  }) satisfies Partial<Endpoints>;
