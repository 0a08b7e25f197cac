import { setTimeout as delay } from "node:timers/promises";
import { MuxiError, type ServerClient } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { catchInterruption } from "../base/interruption.ts";
import { type Profile, readProfiles, removeProfile, saveProfile, setDefaultProfile } from "../files/index.ts";
import { agree, ask, choose, confirmed } from "../prompts/index.ts";
import { chosenServer, clientFor, explainServerError, probe, profileNamed } from "../server/index.ts";
import { createUi, duration, type OutputFormat, paintStatus, statusText, table } from "../ui/index.ts";

export interface ProfilesOptions {
  output: OutputFormat;
}

export interface AddProfileOptions extends ProfilesOptions {
  url?: string;
  keyId?: string;
  secretKey?: string;
  default: boolean;
}

const cancelled = new CliError("Cancelled: nothing was saved");

const given = async (
  value: string | undefined,
  question: () => Promise<string | undefined>,
): Promise<string> => {
  const answer = value ?? (await question());
  if (answer === undefined) throw cancelled;
  return answer.trim();
};

/** Checks that a profile works before it is saved. */
const test = async (client: ServerClient, { name, url }: Profile): Promise<void> => {
  try {
    await client.ping();
    await client.status();
  } catch (error) {
    const title = `The server on ${url} rejects these credentials`;
    throw explainServerError(error, { name, url, isThisMachine: false }, title);
  }
};

/** `muxi profiles add` (docs/spec/cli.md "muxi profiles"): asks for what the options do not give. */
export const addProfile = async (
  context: Context,
  givenName: string | undefined,
  { output, url, keyId, secretKey, default: asDefault }: AddProfileOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const name = await given(givenName, () =>
    ask(ui, { message: "Name", initial: "localhost", flag: "a name: muxi profiles add <name>" }),
  );
  const before = await readProfiles(context);
  if (before.list.some((profile) => profile.name === name)) {
    throw new CliError(`The profile '${name}' already exists`, { hint: `Run: muxi profiles remove ${name}` });
  }
  const address = await given(url, () =>
    ask(ui, { message: "URL", initial: "http://localhost:7890", flag: "--url" }),
  );
  const profile: Profile = {
    name,
    url: address.replace(/\/+$/, ""),
    key_id: await given(keyId, () => ask(ui, { message: "Key id", flag: "--key-id" })),
    secret_key: await given(secretKey ?? (context.env.MUXI_SECRET_KEY || undefined), () =>
      ask(ui, { message: "Secret key", secret: true, flag: "--secret-key, or set MUXI_SECRET_KEY" }),
    ),
    added_at: new Date().toISOString(),
  };
  await ui.during("Testing connection...", () => test(clientFor(profile), profile));
  ui.line("Testing connection... OK");
  await saveProfile(context, profile);
  const makeDefault =
    asDefault ||
    (before.defaultName !== undefined && ui.canAsk && (await agree(ui, "Make it the default?", "--default")));
  if (makeDefault) await setDefaultProfile(context, name);
  ui.data({ name, url: profile.url, default: makeDefault || before.defaultName === undefined });
  ui.success(`Saved profile '${name}'`);
  return 0;
};

/** `muxi profiles list` */
export const listProfiles = async (context: Context, { output }: ProfilesOptions): Promise<number> => {
  const ui = createUi(context, output);
  const { list, defaultName } = await readProfiles(context);
  const profiles = await Promise.all(
    list.map(async ({ name, url }) => ({
      name,
      url,
      status: (await probe(url)).kind === "muxi" ? "online" : "offline",
      default: name === defaultName,
    })),
  );
  ui.data({ profiles });
  if (profiles.length === 0) {
    ui.line("No profiles configured");
    ui.line(ui.colours.dim("  Run: muxi profiles add"));
    return 0;
  }
  const rows = profiles.map(({ name, url, status, default: isDefault }) => [
    `${isDefault ? "*" : " "} ${name}`,
    url,
    statusText(status, status === "online"),
  ]);
  for (const line of table(["  NAME", "URL", "STATUS"], rows, paintStatus(ui.colours))) ui.line(line);
  return 0;
};

/** `muxi profiles remove` */
export const deleteProfile = async (
  context: Context,
  given: string | undefined,
  { output, force }: ProfilesOptions & { force: boolean },
): Promise<number> => {
  const ui = createUi(context, output);
  const { list } = await readProfiles(context);
  const choices = list.map(({ name, url }) => ({ value: name, hint: url }));
  const name = given ?? (await choose(ui, { message: "Remove which profile?", choices, flag: "its name" }));
  if (name === undefined) {
    ui.line("Cancelled.");
    return 0;
  }
  await profileNamed(context, name);
  if (!(await confirmed(ui, `Remove profile '${name}'?`, force))) return 0;
  await removeProfile(context, name);
  ui.data({ name });
  ui.success(`Removed profile '${name}'`);
  return 0;
};

/** `muxi profiles use` and `muxi set default profile` */
export const useProfile = async (
  context: Context,
  name: string,
  { output }: ProfilesOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const { url } = await profileNamed(context, name);
  await setDefaultProfile(context, name);
  ui.data({ name, url });
  ui.success(`'${name}' (${url}) is now the default`);
  return 0;
};

/** `muxi profiles status` */
export const profileStatus = async (
  context: Context,
  { output, profile }: ProfilesOptions & { profile?: string },
): Promise<number> => {
  const ui = createUi(context, output);
  const server = await chosenServer(context, profile);
  const { name, url, client } = server;
  const status = await client.status().catch((error: unknown) => {
    throw explainServerError(error, server, `The status of ${name} could not be read`);
  });
  ui.data({ profile: name, url, ...status });
  const { formations, port_pool: ports, runtime } = status;
  ui.line(`Profile: ${name} (${url})`);
  ui.line(`${ui.colours.green("●")} healthy`);
  ui.fields(
    {
      Version: status.server.version,
      Uptime: duration(status.server.uptime),
      Formations: `${formations.total} deployed, ${formations.running} running, ${formations.stopped} stopped`,
      Ports: `${ports.allocated} of ${ports.total} in use`,
      Runtime: `${runtime.type} ${runtime.version} on ${runtime.platform}`,
    },
    "  ",
  );
  return 0;
};

export interface PingOptions extends ProfilesOptions {
  profile?: string;
  count?: number;
}

const pingIntervalMs = 1000;

/** `muxi profiles ping`: once per second until Ctrl+C, or `--count` times. */
export const pingProfile = async (
  context: Context,
  { output, profile, count = Number.POSITIVE_INFINITY }: PingOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const server = await chosenServer(context, profile);
  const { signal, release } = catchInterruption();
  const times: number[] = [];
  let sent = 0;
  try {
    while (!signal.aborted && sent < count) {
      if (sent > 0) await delay(pingIntervalMs, undefined, { signal }).catch(() => undefined); // Ctrl+C
      if (signal.aborted) break;
      sent += 1;
      const startedAt = performance.now();
      try {
        const answer = await server.client.ping({ signal });
        const ms = performance.now() - startedAt;
        times.push(ms);
        ui.line(`${answer.length} bytes from ${server.name}: seq=${sent} time=${ms.toFixed(1)} ms`);
      } catch (error) {
        if (!(error instanceof MuxiError)) throw error;
        if (!signal.aborted) ui.line(`no response from ${server.name}: seq=${sent} (${error.message})`);
      }
    }
  } finally {
    release();
  }
  const average = times.length === 0 ? 0 : times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const loss = sent === 0 ? 0 : Math.round(((sent - times.length) / sent) * 100);
  ui.data({ profile: server.name, url: server.url, sent, received: times.length, average_ms: average });
  ui.line(`${sent} sent, ${times.length} received, ${loss}% loss, average ${average.toFixed(1)} ms`);
  return times.length > 0 ? 0 : 1;
};
