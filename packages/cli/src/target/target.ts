import { join, resolve } from "node:path";
import { findFormationDir, summarizeManifest } from "@muxi/formation";
import { FormationClient, MuxiError } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { type SavedFormation, savedFormations, userIdFor } from "../files/index.ts";
import {
  type ChosenServer,
  chosenServer,
  explainDeployedError,
  localServer,
  prepareFor,
} from "../server/index.ts";
import { lastLines } from "./cause.ts";
import { deployedKeys } from "./keys.ts";
import { findRunning, notRunning } from "./running-formation.ts";

/** Milliseconds for which an answer that is cut is asked for again: someone waits at the terminal. */
const resumeTimeout = 8_000;

/** Which formation to call, and as which user. */
export interface TargetOptions {
  /** Id or folder. */
  formation?: string | undefined;
  /** Profile of the server that it is deployed on. */
  profile?: string | undefined;
  /** Only a formation started by `muxi up`. */
  draft?: boolean | undefined;
  user?: string | undefined;
  /** Calls are not made for a particular user. */
  isForEveryone?: boolean | undefined;
  /** Logs each request to stderr. */
  debug?: boolean | undefined;
}

/** A formation that can be called. */
export interface Target {
  formation: FormationClient;
  id: string;
  isDraft: boolean;
  /** Whether calls that need the admin key can be made. */
  hasAdminKey: boolean;
  /** Reads the last lines of its log. */
  readLog: () => Promise<readonly string[]>;
}

/** Lines of a deployed formation's log that are asked for. */
const searchedLines = 200;

/** A formation that may or may not be running. */
interface NamedFormation {
  id: string;
  folder: string | undefined;
}

/** Identifies the formation: by its folder, by its id, or by the current folder. */
const namedFormation = async (
  { cwd, home }: Context,
  given: string | undefined,
): Promise<NamedFormation | undefined> => {
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
  const userId = isForEveryone ? undefined : await userIdFor(context, { folder: saved.path, saved }, user);
  const { id, server_url: serverUrl, client_key: clientKey, admin_key: adminKey } = saved;
  await prepareFor(context, serverUrl);
  const keys = { clientKey, adminKey };
  const formation = new FormationClient({
    serverUrl,
    formationId: id,
    mode: "draft",
    ...keys,
    userId,
    resumeTimeout,
    debug,
  });
  const readLog = async () => {
    const { logsDirectory } = await localServer(context, undefined);
    return lastLines(join(logsDirectory, `${id}-draft-out.log`));
  };
  return { formation, id, isDraft: true, hasAdminKey: true, readLog };
};

/** Whether a formation is deployed on a server. A failure counts as no, unless the user named the server. */
const isDeployed = async (server: ChosenServer, id: string, isNamed: boolean): Promise<boolean> => {
  try {
    await server.client.getFormation({ formationId: id });
    return true;
  } catch (error) {
    if (isNamed || !(error instanceof MuxiError))
      throw explainDeployedError(error, server, `Formation '${id}' could not be reached`);
    return false;
  }
};

const deployedTarget = async (
  context: Context,
  { id, folder }: NamedFormation,
  server: ChosenServer,
  { user, isForEveryone, debug }: TargetOptions,
): Promise<Target> => {
  const keys = await deployedKeys(context, id, folder, server);
  if (keys.clientKey === undefined && keys.adminKey === undefined) {
    throw new CliError(`No API key of '${id}' is known`, {
      detail: ["There is none in its manifest (server.api_keys) or its secrets"],
      hint: "Set MUXI_CLIENT_KEY, and MUXI_ADMIN_KEY for what only operators may see",
    });
  }
  const userId = isForEveryone ? undefined : await userIdFor(context, { folder }, user);
  const formation = new FormationClient({
    serverUrl: server.url,
    formationId: id,
    ...keys,
    userId,
    resumeTimeout,
    debug,
  });
  const readLog = async () =>
    (await server.client.getFormationLogs({ formationId: id, lines: searchedLines, stream: "stdout" })).logs
      .stdout ?? [];
  return { formation, id, isDraft: false, hasAdminKey: keys.adminKey !== undefined, readLog };
};

/**
 * The formation that a command talks to (docs/spec/cli.md "Which formation"): one started by `muxi up`, or else a
 * deployed one. With a profile on the command line, only deployed ones are considered.
 *
 * @throws CliError when there is none.
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
