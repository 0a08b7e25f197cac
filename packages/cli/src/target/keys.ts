import { join } from "node:path";
import { loadFormation, openSecrets, resolveApiKeys, SecretsError } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { type ChosenServer, localServer } from "../server/index.ts";

/** A formation's API keys, as far as they are known. */
export interface KnownKeys {
  clientKey: string | undefined;
  adminKey: string | undefined;
}

/**
 * The keys in the formation's own files: in its manifest, or in the secrets of these names (docs/spec/cli.md "Which
 * keys").
 */
const keysOfFolder = async ({ env }: Context, folder: string): Promise<KnownKeys> => {
  const { formation } = await loadFormation(folder, { env });
  const { client_key: clientKey, admin_key: adminKey } = formation?.manifest.server.api_keys ?? {};
  try {
    const secrets = await openSecrets(folder);
    return {
      clientKey: clientKey ?? secrets.get("FORMATION_CLIENT_API_KEY"),
      adminKey: adminKey ?? secrets.get("FORMATION_ADMIN_API_KEY"),
    };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return { clientKey, adminKey }; // A clone without `.key`: the manifest may still contain them.
  }
};

/** The keys in the server's copy of the files, including generated ones, if it is the server of this machine. */
const keysOfThisMachine = async (context: Context, id: string): Promise<KnownKeys> => {
  const { formationsDirectory } = await localServer(context, undefined);
  const { formation } = await loadFormation(join(formationsDirectory, id, "current"), { allowEnv: false });
  return formation ? resolveApiKeys(formation) : { clientKey: undefined, adminKey: undefined };
};

/**
 * The keys of a deployed formation, from the environment or its files.
 *
 * @param folder Its folder, if it is on this machine.
 */
export const deployedKeys = async (
  context: Context,
  id: string,
  folder: string | undefined,
  server: Pick<ChosenServer, "isThisMachine">,
): Promise<KnownKeys> => {
  const { MUXI_CLIENT_KEY, MUXI_ADMIN_KEY } = context.env;
  const given = { clientKey: MUXI_CLIENT_KEY || undefined, adminKey: MUXI_ADMIN_KEY || undefined };
  const found = server.isThisMachine
    ? await keysOfThisMachine(context, id)
    : folder === undefined
      ? given
      : await keysOfFolder(context, folder);
  return {
    clientKey: given.clientKey ?? found.clientKey,
    adminKey: given.adminKey ?? found.adminKey,
  };
};
