import { findFormationDir } from "@muxi/formation";
import { ServerClient } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { formationPreferences, type Profile, readProfiles } from "../files/index.ts";
import type { CalledServer } from "./explain.ts";
import { localServer } from "./local-server.ts";

/** The server that a command manages. */
export interface ChosenServer extends CalledServer {
  client: ServerClient;
}

export const clientFor = ({ url, key_id, secret_key }: Omit<Profile, "name" | "added_at">): ServerClient =>
  new ServerClient({ url, keyId: key_id, secretKey: secret_key });

/** @throws CliError when there is no profile of this name. */
export const profileNamed = async (context: Context, name: string): Promise<Profile> => {
  const { list } = await readProfiles(context);
  const profile = list.find((one) => one.name === name);
  if (profile) return profile;
  throw new CliError(`There is no profile '${name}'`, {
    detail: [
      list.length === 0 ? "No profiles are saved" : `Saved: ${list.map((one) => one.name).join(", ")}`,
    ],
    hint: "Run: muxi profiles add",
  });
};

const profileOfFolder = async ({ cwd, home }: Context): Promise<string | undefined> => {
  const folder = await findFormationDir(cwd, { home });
  return folder === undefined ? undefined : (await formationPreferences(folder)).profile;
};

/**
 * The server to use (docs/spec/cli.md "Which server"): that of `--profile`, of the formation's preferences, of the
 * environment, or of the default profile; otherwise the server of this machine.
 *
 * @throws CliError when the profile does not exist.
 */
export const chosenServer = async (context: Context, profile: string | undefined): Promise<ChosenServer> => {
  const { MUXI_PROFILE, MUXI_SERVER_URL, MUXI_KEY_ID, MUXI_SECRET_KEY } = context.env;
  const named = profile ?? (await profileOfFolder(context)) ?? (MUXI_PROFILE || undefined);
  if (named === undefined && MUXI_SERVER_URL) {
    const keys = { keyId: MUXI_KEY_ID || undefined, secretKey: MUXI_SECRET_KEY || undefined };
    const client = new ServerClient({ url: MUXI_SERVER_URL, ...keys });
    return { name: "MUXI_SERVER_URL", url: client.baseUrl, client, isThisMachine: false };
  }
  const name = named ?? (await readProfiles(context)).defaultName;
  if (name === undefined) return localServer(context, undefined);
  const chosen = await profileNamed(context, name);
  const client = clientFor(chosen);
  return { name, url: client.baseUrl, client, isThisMachine: false };
};
