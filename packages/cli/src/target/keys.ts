import { join } from "node:path";
import { loadFormation, openSecrets, resolveApiKeys, SecretsError } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { type ChosenServer, localServer } from "../server/index.ts";

/** What opens a formation; undefined where nothing tells. */
export interface Keys {
  clientKey: string | undefined;
  adminKey: string | undefined;
}

/** Of the formation's own files: its manifest, or the secrets of these names (docs/spec/cli.md "Which keys"). */
const keysOfFolder = async ({ env }: Context, folder: string): Promise<Keys> => {
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
    return { clientKey, adminKey }; // A clone without its `.key`: the manifest may still name them.
  }
};

/** The server of this machine has the formation's files, and the keys that were made for it. */
const keysOfThisMachine = async (context: Context, id: string): Promise<Keys> => {
  const { formationsDirectory } = await localServer(context, undefined);
  const { formation } = await loadFormation(join(formationsDirectory, id, "current"), { allowEnv: false });
  return formation ? resolveApiKeys(formation) : { clientKey: undefined, adminKey: undefined };
};

/**
 * The keys of a deployed formation: those of the environment, else of its own files.
 *
 * @param folder Its files here, when they are here.
 */
export const deployedKeys = async (
  context: Context,
  id: string,
  folder: string | undefined,
  server: Pick<ChosenServer, "isThisMachine">,
): Promise<Keys> => {
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
