import { join } from "node:path";

/** The server's folders (docs/spec/server-api.md "Directories"). */
export interface Directories {
  config: string;
  data: string;
  logs: string;
}

export interface Installation {
  env: NodeJS.ProcessEnv;
  home: string;
  /** Installed for the whole machine: uses `/etc` and `/var` instead of the home folder. */
  system: boolean;
}

/** The server's folders: `MUXI_CONFIG_DIR`, `MUXI_DATA_DIR` and `MUXI_LOG_DIR`, or the defaults of the installation. */
export const serverDirectories = ({ env, home, system }: Installation): Directories => {
  const user = join(home, ".muxi", "server");
  const data = env.MUXI_DATA_DIR || (system ? "/var/lib/muxi" : user);
  return {
    config: env.MUXI_CONFIG_DIR || (system ? "/etc/muxi/server" : user),
    data,
    logs: env.MUXI_LOG_DIR || (system ? "/var/log/muxi" : join(data, "logs")),
  };
};

/** The folders that a server uses which a user starts with this environment. `muxi` finds the running server by them. */
export const installedDirectories = ({ env, home }: Omit<Installation, "system">): Directories =>
  serverDirectories({
    env,
    home,
    // A user's own `npm install -g` may be below /usr too, but only root can write to /etc and /var.
    system:
      process.platform === "linux" && process.getuid?.() === 0 && import.meta.filename.startsWith("/usr/"),
  });

export const configFile = ({ config }: Directories): string => join(config, "config.yaml");
