import { homedir } from "node:os";
import { join } from "node:path";

/** Where the server keeps its files (docs/spec/server-api.md "Directories"). */
export interface Directories {
  config: string;
  data: string;
  logs: string;
}

export interface Installation {
  env: NodeJS.ProcessEnv;
  home: string;
  /** Installed for the machine, not for one user: `/etc` and `/var` instead of the home folder. */
  system: boolean;
}

/** The server's folders: `MUXI_CONFIG_DIR`, `MUXI_DATA_DIR` and `MUXI_LOG_DIR`, else those of the installation. */
export const serverDirectories = ({ env, home, system }: Installation): Directories => {
  const user = join(home, ".muxi", "server");
  const data = env.MUXI_DATA_DIR || (system ? "/var/lib/muxi" : user);
  return {
    config: env.MUXI_CONFIG_DIR || (system ? "/etc/muxi/server" : user),
    data,
    logs: env.MUXI_LOG_DIR || (system ? "/var/log/muxi" : join(data, "logs")),
  };
};

/** The folders that the server with this environment uses. `muxi` finds a running server by them. */
export const installedDirectories = (env: NodeJS.ProcessEnv): Directories =>
  serverDirectories({
    env,
    home: homedir(),
    // A user's own `npm install -g` may lie under /usr too; only root can write to /etc and /var.
    system:
      process.platform === "linux" && process.getuid?.() === 0 && import.meta.filename.startsWith("/usr/"),
  });

export const configFile = ({ config }: Directories): string => join(config, "config.yaml");
