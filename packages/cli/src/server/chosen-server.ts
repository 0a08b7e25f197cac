import { findFormationDir } from "@muxi/formation";
import { ConnectionError, MuxiError, NotFoundError, ServerClient } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { formationPreferences, type Profile, readProfiles } from "../files/index.ts";
import { errorTexts } from "./explain.ts";
import { localServer } from "./local-server.ts";

/** The server that a command manages. */
export interface ChosenServer {
  /** Of its profile. */
  name: string;
  url: string;
  client: ServerClient;
  isThisMachine: boolean;
}

/** In place of a profile's name. */
const thisMachine = "this machine";

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
 * The server that is meant (docs/spec/cli.md "Which server"): `--profile`, the formation's own choice, the
 * environment, the default profile; and without any of them the server of this machine.
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
  if (name === undefined) {
    const { url, client } = await localServer(context, undefined);
    return { name: thisMachine, url, client, isThisMachine: true };
  }
  const chosen = await profileNamed(context, name);
  const client = clientFor(chosen);
  return { name, url: client.baseUrl, client, isThisMachine: false };
};

/** What a chosen server's failure, or its silence, means to the user. Errors of another origin come back as they are. */
export const explainChosenError = (
  error: unknown,
  { name, url }: Pick<ChosenServer, "name" | "url">,
  title: string,
): unknown => {
  if (error instanceof ConnectionError) {
    if (name === thisMachine) {
      return new CliError(`No server runs on ${name}`, {
        detail: [error.message],
        hint: "Run: muxi server start --daemon\nor name another server: muxi profiles add",
        cause: error,
      });
    }
    if (/certificate/i.test(error.message)) {
      return new CliError(`The certificate of '${name}' (${url}) is not trusted here`, {
        detail: [error.message],
        hint: "Use the name that it is made for; for one that nobody signed: NODE_EXTRA_CA_CERTS=cert.pem muxi ...",
        cause: error,
      });
    }
    return new CliError(`The server '${name}' (${url}) does not answer`, {
      detail: [error.message],
      hint: "Check that it runs and that its address is right: muxi profiles list",
      cause: error,
    });
  }
  if (error instanceof NotFoundError && error.message !== "Endpoint not found") {
    return new CliError("Formation not deployed", {
      detail: [error.message],
      hint: "Run: muxi deploy",
      cause: error,
    });
  }
  if (!(error instanceof MuxiError) || error.statusCode === 0) return error;
  const text = errorTexts[error.statusCode];
  const detail = [...(text === undefined ? [] : [text]), ...error.message.split("\n")];
  return new CliError(title, { detail, cause: error });
};
