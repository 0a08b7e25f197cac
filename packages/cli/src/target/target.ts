import { resolve } from "node:path";
import { findFormationDir, summarizeManifest } from "@muxi/formation";
import { FormationClient, MuxiError } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { type SavedFormation, savedFormations, userIdFor } from "../files/index.ts";
import { type ChosenServer, chosenServer, explainDeployedError, prepareFor } from "../server/index.ts";
import { deployedKeys } from "./keys.ts";
import { findRunning, notRunning } from "./running-formation.ts";

/** Which formation the command line means, and who asks it. */
export interface TargetOptions {
  /** Id, or folder. */
  formation?: string | undefined;
  /** Server on which it is deployed. */
  profile?: string | undefined;
  /** Only the one that `muxi up` has started. */
  draft?: boolean | undefined;
  user?: string | undefined;
  /** The calls are for no user in particular. */
  isForEveryone?: boolean | undefined;
  /** Tells each request on stderr. */
  debug?: boolean | undefined;
}

/** A formation that can be talked to. */
export interface Target {
  formation: FormationClient;
  id: string;
  isDraft: boolean;
  /** Whether calls for operators can be made. */
  hasAdminKey: boolean;
}

/** A formation of a folder, of whatever state. */
interface Named {
  id: string;
  folder: string | undefined;
}

/** The formation that is meant: by its folder, by its id, else the one of the current folder. */
const namedFormation = async (
  { cwd, home }: Context,
  given: string | undefined,
): Promise<Named | undefined> => {
  const here = await findFormationDir(cwd, { home });
  for (const folder of given === undefined ? [here] : [resolve(cwd, given), here]) {
    const id = folder === undefined ? undefined : (await summarizeManifest(folder))?.id;
    if (id !== undefined && (given === undefined || given === id || folder !== here)) return { id, folder };
  }
  return given === undefined ? undefined : { id: given, folder: undefined };
};

const draftTarget = async (
  context: Context,
  saved: SavedFormation,
  { user, isForEveryone, debug }: TargetOptions,
): Promise<Target> => {
  const userId = isForEveryone
    ? undefined
    : await userIdFor(context, { folder: saved.path, saved, isDraft: true }, user);
  const { id, server_url: serverUrl, client_key: clientKey, admin_key: adminKey } = saved;
  await prepareFor(context, serverUrl);
  const keys = { clientKey, adminKey };
  const formation = new FormationClient({
    serverUrl,
    formationId: id,
    mode: "draft",
    ...keys,
    userId,
    debug,
  });
  return { formation, id, isDraft: true, hasAdminKey: true };
};

/** Whether a server holds it; its silence is a no unless somebody named the server. */
const isDeployed = async (server: ChosenServer, id: string, isNamed: boolean): Promise<boolean> => {
  try {
    await server.client.getFormation({ formationId: id });
    return true;
  } catch (error) {
    if (isNamed || !(error instanceof MuxiError))
      throw explainDeployedError(error, server, `Formation '${id}' cannot be reached`);
    return false;
  }
};

const deployedTarget = async (
  context: Context,
  { id, folder }: Named,
  server: ChosenServer,
  { user, isForEveryone, debug }: TargetOptions,
): Promise<Target> => {
  const keys = await deployedKeys(context, id, folder, server);
  if (keys.clientKey === undefined && keys.adminKey === undefined) {
    throw new CliError(`No key of '${id}' is known`, {
      detail: ["Neither its manifest (server.api_keys) nor its secrets name one"],
      hint: "Set MUXI_CLIENT_KEY, and MUXI_ADMIN_KEY for what operators see",
    });
  }
  const userId = isForEveryone ? undefined : await userIdFor(context, { folder, isDraft: false }, user);
  const formation = new FormationClient({ serverUrl: server.url, formationId: id, ...keys, userId, debug });
  return { formation, id, isDraft: false, hasAdminKey: keys.adminKey !== undefined };
};

/**
 * The formation that a command talks to (docs/spec/cli.md "Which formation"): what `muxi up` has started here, else
 * what is deployed. A profile on the command line means a deployed one.
 *
 * @throws CliError when there is none, with what is there.
 */
export const formationTarget = async (context: Context, options: TargetOptions): Promise<Target> => {
  const { formation: given, profile, draft = false } = options;
  const started = await savedFormations(context);
  const named = await namedFormation(context, given);
  if (profile === undefined) {
    const wanted = given ?? named?.folder;
    const saved = wanted === undefined ? started[0] : findRunning(context, started, wanted);
    if (saved) return draftTarget(context, saved, options);
  }
  const missing = notRunning(started, given, named?.folder);
  if (named === undefined || draft) throw missing;
  const server = await chosenServer(context, profile);
  if (!(await isDeployed(server, named.id, profile !== undefined))) throw missing;
  return deployedTarget(context, named, server, options);
};
