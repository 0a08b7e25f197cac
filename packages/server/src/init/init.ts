import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createAtomically, writeAtomically } from "@muxi/formation";
import { stringify } from "yaml";
import { ConfigError, configFile, type Directories } from "../config/index.ts";

export interface InitOptions {
  directories: Directories;
  port: number;
  /** Address that the server listens on. */
  host: string;
  /** Replaces an existing config, including its credentials. */
  replace: boolean;
}

/** The credentials in a new config. The secret is stored nowhere else. */
export interface Initialised {
  keyId: string;
  secretKey: string;
  configPath: string;
}

/** Generates credentials (docs/spec/server-api.md "Credentials of a server"). */
const newCredentials = () => ({
  keyId: `muxi_pk_${randomBytes(12).toString("hex")}`,
  secretKey: `muxi_sk_${randomBytes(28).toString("hex")}`,
});

const header = `# Settings of the MUXI server. They include its secret: keep this file private (mode 0600).
`;

/**
 * Writes a `config.yaml` with authentication on, readable only by its owner (docs/spec/server-api.md "Configuration
 * file" and "The command muxi-server").
 *
 * @throws ConfigError when there already is one and `replace` is false.
 */
export const initConfig = async ({ directories, port, host, replace }: InitOptions): Promise<Initialised> => {
  const { keyId, secretKey } = newCredentials();
  const configPath = configFile(directories);
  const text = stringify({
    server: { host, port },
    auth: { enabled: true, key: keyId, secret: secretKey },
  });
  await mkdir(directories.config, { recursive: true, mode: 0o700 });
  if (replace) await writeAtomically(configPath, header + text, 0o600);
  else if (!(await createAtomically(configPath, header + text, 0o600))) {
    throw new ConfigError(`${configPath} already exists. To replace it and its credentials, add --force.`);
  }
  return { keyId, secretKey, configPath };
};
