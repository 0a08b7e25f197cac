import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BlockList, isIPv6 } from "node:net";
import { hostname } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { isSystemError } from "@muxi/formation";
import { asError, isLoopback } from "@muxi/http";
import { parse, YAMLParseError } from "yaml";
import * as z from "zod";
import type { Credentials } from "../auth/index.ts";
import { type LogLevel, logLevels } from "../logs/index.ts";
import type { SupervisorSettings } from "../processes/index.ts";
import { configFile, type Directories } from "./directories.ts";
import { type FormationsConfig, formationsConfig, formationsSchema, fromData } from "./formations-config.ts";
import { unknownKeys } from "./unknown-keys.ts";

/** Certificate (with its chain) and private key, in PEM. */
export interface TlsFiles {
  cert: string;
  key: string;
}

/** The server's validated settings. Times are in milliseconds. */
export interface ServerConfig {
  serverId: string;
  host: string;
  /** 0 picks a free port. */
  port: number;
  /** Undefined: no authentication, so the server listens on loopback only. */
  credentials: Credentials | undefined;
  /** How many requests with wrong credentials one address may send within a minute before it has to wait. */
  maxAuthFailures: number;
  /** Peers whose `X-Forwarded-…` headers are trusted. */
  trustedProxies: BlockList;
  /** Undefined: plain HTTP. */
  tls: TlsFiles | undefined;
  /** Where metrics can be read without a signature. */
  metrics: { port: number; host: string } | undefined;
  processes: SupervisorSettings;
  formations: FormationsConfig;
  dataDirectory: string;
  formationsDirectory: string;
  auditLog: string;
  /** Folders below which drafts may run on a server that other machines can reach. */
  devRoots: string[];
  logLevel: LogLevel;
}

/** A setting that the user has to correct. The message names the setting and the remedy. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const port = z.int().min(0).max(65535);
const poolPort = z.int().min(1024).max(65535);
const addressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: "must be an IP address or a range such as 10.0.0.0/8",
});

/** `config.yaml` (docs/spec/server-api.md "Configuration file"). */
export const configSchema = z.object({
  server_id: z.string().min(1).optional(),
  server: z
    .object({
      port: port.default(7890),
      host: z.string().min(1).optional(),
      trusted_proxies: z.array(addressRange).default([]),
      tls: z.object({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
      metrics: z.object({ port, host: z.string().min(1).default("127.0.0.1") }).optional(),
    })
    .prefault({}),
  auth: z
    .object({
      enabled: z.boolean().default(false),
      key: z.string().trim().min(1).optional(),
      secret: z.string().trim().min(16, "must have 16 characters or more").optional(),
      timestamp_tolerance: z.number().min(1).max(3600).default(300),
      max_failures_per_minute: z.int().min(1).max(10_000).default(20),
    })
    .prefault({}),
  formations: formationsSchema.prefault({}),
  dev: z
    .object({ roots: z.array(z.string().refine(isAbsolute, "must be an absolute path")).default([]) })
    .prefault({}),
  logging: z
    .object({
      level: z.enum(logLevels).default("info"),
      audit_log: z.string().min(1).optional(),
    })
    .prefault({}),
});

type ConfigFile = z.infer<typeof configSchema>;

/** Settings of the command line. They override the environment, which overrides the file. */
export interface ConfigOverrides {
  port?: string;
  host?: string;
  logLevel?: string;
}

export interface ConfigSources {
  directories: Directories;
  env: NodeJS.ProcessEnv;
  overrides: ConfigOverrides;
}

/** Lines that tell what is wrong. */
const describe = ({ issues }: z.ZodError): string[] =>
  issues.map(({ path, message }) => `${path.join(".") || "the whole file"}: ${message}`);

const readConfigFile = async (file: string): Promise<ConfigFile> => {
  let content: unknown;
  try {
    content = parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new ConfigError(`${file} is not valid YAML: ${error.message.trim()}`);
    if (!isSystemError(error, "ENOENT")) {
      throw new ConfigError(`${file} cannot be read: ${asError(error).message}`);
    }
  }
  const parsed = configSchema.safeParse(content ?? {});
  const problems = [...unknownKeys(configSchema, content), ...(parsed.success ? [] : describe(parsed.error))];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError([`${file} is not valid:`, ...problems.map((line) => `  ${line}`)].join("\n"));
};

/** Reads a setting from text. Errors name the flag or variable that it came from. */
const fromText = <Value>(name: string, schema: z.ZodType<Value>, value: unknown): Value => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${name} is '${String(value)}': ${parsed.error.issues[0]?.message}`);
};

/** The value of the first of these flags and variables that is set. */
const firstSet = <Value>(
  candidates: readonly (readonly [name: string, text: string | undefined])[],
  schema: z.ZodType<Value>,
): Value | undefined => {
  for (const [name, text] of candidates) if (text) return fromText(name, schema, text);
  return undefined;
};

const numeric = (schema: z.ZodType<number, number>) =>
  z.string().regex(/^\d+$/, "must be a whole number").transform(Number).pipe(schema);

/**
 * Reads a port from text.
 *
 * @throws ConfigError that names the flag it came from.
 */
export const portFrom = (name: string, given: string): number => fromText(name, numeric(port), given);

const blockList = (ranges: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
};

const credentialsOf = (auth: ConfigFile["auth"], file: string): Credentials | undefined => {
  if (!auth.enabled) return undefined;
  if (!auth.key || !auth.secret) {
    throw new ConfigError(
      `Authentication is on, so auth.key and auth.secret must be set in ${file}. To generate them, run: muxi server init`,
    );
  }
  return { key: auth.key, secret: auth.secret, toleranceSeconds: auth.timestamp_tolerance };
};

/** @param directory Relative paths are resolved against it: the folder of `config.yaml`. */
const readTls = async (
  paths: ConfigFile["server"]["tls"],
  directory: string,
): Promise<TlsFiles | undefined> => {
  if (!paths) return undefined;
  const read = (name: "cert" | "key"): Promise<string> =>
    readFile(resolve(directory, paths[name]), "utf8").catch((error: Error) => {
      throw new ConfigError(`server.tls.${name} cannot be read: ${error.message}`);
    });
  const files = { cert: await read("cert"), key: await read("key") };
  try {
    createSecureContext(files);
  } catch (error) {
    const reason = asError(error).message;
    throw new ConfigError(
      `server.tls.cert and server.tls.key must be a matching pair of PEM files: ${reason}`,
    );
  }
  return files;
};

/** The same at each start on a data folder, so that log lines and statuses can be attributed to a server. */
const defaultServerId = (dataDirectory: string): string =>
  `server-${hostname()}-${createHash("sha256").update(`${hostname()}:${dataDirectory}`).digest("hex").slice(0, 8)}`;

/**
 * Loads the settings from the command line, the environment and `<config dir>/config.yaml`, in this order of
 * precedence (docs/spec/server-api.md "Configuration file" and "Environment of the server"). Without the file,
 * authentication is off.
 *
 * @throws ConfigError when a setting is wrong, or when other machines could reach the server without authentication.
 */
export const loadConfig = async ({ directories, env, overrides }: ConfigSources): Promise<ServerConfig> => {
  const file = configFile(directories);
  const { server, auth, formations, dev, logging, server_id } = await readConfigFile(file);
  const enabled =
    firstSet(
      [["MUXI_AUTH_ENABLED", env.MUXI_AUTH_ENABLED]],
      z.stringbool({ error: "must be true or false" }),
    ) ?? auth.enabled;
  const credentials = credentialsOf({ ...auth, enabled }, file);
  const text = z.string().min(1);

  const host =
    firstSet(
      [
        ["--host", overrides.host],
        ["MUXI_HOST", env.MUXI_HOST],
      ],
      text,
    ) ??
    server.host ??
    (credentials ? "0.0.0.0" : "127.0.0.1");
  if (!credentials && !isLoopback(host)) {
    throw new ConfigError(
      `The host ${host} can be reached from other machines, but authentication is off. Set auth.enabled, auth.key and auth.secret in ${file}, or use the host 127.0.0.1.`,
    );
  }

  const firstPort =
    firstSet([["MUXI_PORT_START", env.MUXI_PORT_START]], numeric(poolPort)) ?? formations.port_range_start;
  const endPort =
    firstSet([["MUXI_PORT_END", env.MUXI_PORT_END]], numeric(poolPort)) ?? formations.port_range_end;
  if (firstPort >= endPort) {
    throw new ConfigError(
      `The port range ${firstPort} to ${endPort} is empty: formations.port_range_end must be above formations.port_range_start.`,
    );
  }

  const { health_check: health, force_kill_timeout: forceKill } = formations.deployment;
  const logsDirectory =
    formations.logs_dir === undefined ? directories.logs : fromData(directories.data, formations.logs_dir);
  return {
    serverId: server_id ?? defaultServerId(directories.data),
    host,
    port:
      firstSet(
        [
          ["--port", overrides.port],
          ["MUXI_SERVER_PORT", env.MUXI_SERVER_PORT],
          ["MUXI_PORT", env.MUXI_PORT],
        ],
        numeric(port),
      ) ?? server.port,
    credentials,
    maxAuthFailures: auth.max_failures_per_minute,
    trustedProxies: blockList(server.trusted_proxies),
    tls: await readTls(server.tls, directories.config),
    metrics: server.metrics,
    processes: {
      portRange: { first: firstPort, end: endPort },
      bindHost: formations.bind_host,
      logsDirectory,
      pidsDirectory: fromData(directories.data, formations.pids_dir),
      autoRestart: formations.auto_restart,
      maxRestarts: formations.max_restarts ?? formations.max_restart_count ?? 10,
      restartDelayMs: formations.restart_delay * 1000,
      healthEndpoint: health.endpoint,
      anyStatusIsHealthy: !health.enabled,
      healthTimeoutMs: health.timeout * 1000,
      healthIntervalMs: health.interval * 1000,
      forceKillTimeoutMs: forceKill * 1000,
    },
    formations: formationsConfig(formations),
    dataDirectory: directories.data,
    formationsDirectory: fromData(directories.data, formations.formations_dir),
    auditLog:
      logging.audit_log === undefined
        ? join(logsDirectory, "audit.log")
        : fromData(directories.data, logging.audit_log),
    devRoots: dev.roots,
    logLevel:
      firstSet(
        [
          ["--log-level", overrides.logLevel],
          ["MUXI_LOG_LEVEL", env.MUXI_LOG_LEVEL],
        ],
        z.enum(logLevels),
      ) ?? logging.level,
  };
};
