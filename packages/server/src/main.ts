import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { parseArgs } from "node:util";
import { systemCode } from "@muxi/formation";
import { version } from "./base/version.ts";
import { ConfigError, configFile, installedDirectories, loadConfig } from "./config/index.ts";
import { runInit } from "./init/index.ts";
import { startServer } from "./start.ts";

const help = `Usage: muxi-server [start] [--port <port>] [--host <address>] [--log-level <level>]
       muxi-server init [--port <port>] [--host <address>] [--yes] [--force] [--output json]
       muxi-server config show
       muxi-server version | upgrade
       muxi-server help

Deploys and runs formations, and forwards requests to them.
Without a config.yaml in its config folder it listens on 127.0.0.1:7890, for this machine only. init creates one with
credentials: --yes asks no questions, --force replaces an existing one, --output json prints one line for scripts.

Environment: MUXI_SERVER_PORT, MUXI_HOST, MUXI_LOG_LEVEL, MUXI_CONFIG_DIR, MUXI_DATA_DIR, MUXI_LOG_DIR,
             MUXI_PORT_START, MUXI_PORT_END, MUXI_AUTH_ENABLED
`;

const start = async (overrides: { port?: string; host?: string; logLevel?: string }): Promise<void> => {
  const server = await startServer({ env: process.env, overrides });
  if (process.stdout.isTTY)
    process.stdout.write(`MUXI server ${version} on ${server.url} (Ctrl+C stops it)\n`);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    server.log.info({ signal }, "stopping");
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        server.log.fatal({ err: error }, "could not stop cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
};

/** Prints the effective settings, with credentials shortened (docs/spec/server-api.md "The command muxi-server"). */
const showConfig = async (): Promise<void> => {
  const directories = installedDirectories({ env: process.env, home: homedir() });
  const config = await loadConfig({ directories, env: process.env, overrides: {} });
  const { host, port, credentials, tls, metrics, formationsDirectory, processes, logLevel } = config;
  const file = configFile(directories);
  const rows = {
    "Config file": existsSync(file) ? file : `none, using defaults (init creates ${file})`,
    Address: `${tls ? "https" : "http"}://${host}:${port}`,
    "Key id": credentials ? `${credentials.key.slice(0, 12)}...` : "none (authentication is off)",
    Secret: credentials ? `${credentials.secret.slice(0, 8)}...${credentials.secret.slice(-4)}` : "none",
    Metrics: metrics ? `http://${metrics.host}:${metrics.port}/metrics` : "/metrics on the same address",
    Formations: formationsDirectory,
    Logs: processes.logsDirectory,
    "Log level": logLevel,
  };
  for (const [name, value] of Object.entries(rows)) process.stdout.write(`${name.padEnd(12)} ${value}\n`);
};

const fail = (message: string): void => {
  process.stderr.write(`Error: ${message}\n`);
  process.exitCode = 1;
};

const run = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string" },
      host: { type: "string" },
      "log-level": { type: "string" },
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "v" },
      yes: { type: "boolean", default: false },
      force: { type: "boolean", default: false },
      output: { type: "string", default: "text" },
    },
  });
  const [command = "start", ...rest] = positionals;
  if (values.help || command === "help") process.stdout.write(help);
  else if (values.version || command === "version") process.stdout.write(`muxi-server version ${version}\n`);
  else if (command === "upgrade" && rest.length === 0)
    process.stdout.write(
      `This is version ${version}. To upgrade to the newest, run: npm install -g muxi@latest\n`,
    );
  else if (command === "init" && rest.length === 0) {
    const { port, host, yes, force, output } = values;
    if (output !== "text" && output !== "json") throw new ConfigError("--output must be text or json");
    const flags = { port, host, yes, force, json: output === "json" };
    await runInit(process, installedDirectories({ env: process.env, home: homedir() }), flags);
  } else if (command === "config" && rest.join(" ") === "show") await showConfig();
  else if (command === "start" && rest.length === 0) {
    const { port, host, "log-level": logLevel } = values;
    await start({
      ...(port !== undefined && { port }),
      ...(host !== undefined && { host }),
      ...(logLevel !== undefined && { logLevel }),
    });
  } else {
    process.stderr.write(help);
    fail(`unknown command '${positionals.join(" ")}'`);
  }
};

run().catch((error: unknown) => {
  const isUsage = error instanceof TypeError && systemCode(error)?.startsWith("ERR_PARSE_ARGS") === true;
  if (!isUsage && !(error instanceof ConfigError)) throw error;
  fail(isUsage ? `${error.message}\n\n${help}` : error.message);
});
