import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { configFile, type Directories, portFrom } from "../config/index.ts";
import { readServerPid, type ServerPid } from "../data-folder/index.ts";
import { type Initialised, initConfig } from "./init.ts";

export interface InitFlags {
  port: string | undefined;
  host: string | undefined;
  /** Does not ask any questions. */
  yes: boolean;
  force: boolean;
  /** Prints one line of JSON instead of text. */
  json: boolean;
}

interface Terminal {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean };
}

const defaultPort = 7890;

const instructions = (
  { keyId, secretKey, configPath }: Initialised,
  port: number,
): string => `Wrote ${configPath}

  Key id:     ${keyId}
  Secret key: ${secretKey}

The secret is not shown again. It is stored in the file, which only you can read.

  Next, on this machine:    muxi server start
  From another machine:     muxi profiles add --url http://<this machine>:${port} --key-id ${keyId}
`;

/** Also printed if that server was killed and only its pid file is left. */
const restartNotice = ({ url }: ServerPid): string =>
  `\nThe server running on ${url} still has the old settings. To apply the new ones, stop it and start it again.\n`;

interface Answers {
  replace: boolean;
  port: number;
}

/** What the flags did not say. */
const ask = async (
  { stdin, stdout }: Terminal,
  directories: Directories,
  flags: InitFlags,
): Promise<Answers | "cancelled"> => {
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const exists = existsSync(configFile(directories));
    if (exists && !flags.force) {
      const answer = await terminal.question(
        `${configFile(directories)} already exists. Replace it and its credentials? [y/N]: `,
      );
      if (!/^y(es)?$/i.test(answer.trim())) return "cancelled";
    }
    const port = flags.port ?? (await terminal.question(`Port [${defaultPort}]: `)).trim();
    return { replace: exists, port: port === "" ? defaultPort : portFrom("the port", port) };
  } finally {
    terminal.close();
  }
};

/**
 * `muxi-server init`: writes a config with authentication on, and shows its credentials once (docs/spec/server-api.md
 * "The command muxi-server").
 *
 * @throws ConfigError when a flag is wrong, or when a config exists and the user has not agreed to replace it.
 */
export const runInit = async (
  terminal: Terminal,
  directories: Directories,
  flags: InitFlags,
): Promise<void> => {
  const { stdin, stdout } = terminal;
  const interactive = !flags.yes && !flags.json && stdin.isTTY === true && stdout.isTTY === true;
  const answers = interactive
    ? await ask(terminal, directories, flags)
    : {
        replace: flags.force,
        port: flags.port === undefined ? defaultPort : portFrom("--port", flags.port),
      };
  if (answers === "cancelled") {
    stdout.write("Cancelled.\n");
    return;
  }
  const running = await readServerPid(directories.data);
  const made = await initConfig({ directories, host: flags.host ?? "0.0.0.0", ...answers });
  const { keyId, secretKey, configPath } = made;
  stdout.write(
    flags.json
      ? `${JSON.stringify({ key_id: keyId, secret_key: secretKey, config_path: configPath })}\n`
      : instructions(made, answers.port) + (running ? restartNotice(running) : ""),
  );
};
