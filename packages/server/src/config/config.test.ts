import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigError, type ConfigOverrides, loadConfig, type ServerConfig } from "./config.ts";

interface Given {
  yaml?: string;
  env?: NodeJS.ProcessEnv;
  overrides?: ConfigOverrides;
}

const load = async ({ yaml, env = {}, overrides = {} }: Given = {}): Promise<ServerConfig> => {
  const config = await mkdtemp(join(tmpdir(), "muxi-config-"));
  onTestFinished(() => rm(config, { recursive: true, force: true }));
  if (yaml !== undefined) await writeFile(join(config, "config.yaml"), yaml);
  return loadConfig({ directories: { config, data: "/data", logs: "/logs" }, env, overrides });
};

const withAuth = (yaml = ""): string =>
  `auth: { enabled: true, key: muxi_pk_1, secret: muxi_sk_0123456789 }\n${yaml}`;

describe("config", () => {
  it("without a file is open to this machine alone", async () => {
    const config = await load();
    expect(config).toMatchObject({ host: "127.0.0.1", port: 7890, credentials: undefined });
    expect(config.processes.portRange).toEqual({ first: 8000, end: 9000 });
    expect(config.serverId).toBe((await load()).serverId);
  });

  it("with authentication is open to all", async () => {
    const config = await load({ yaml: withAuth() });
    expect(config.host).toBe("0.0.0.0");
    expect(config.credentials).toEqual({
      key: "muxi_pk_1",
      secret: "muxi_sk_0123456789",
      toleranceSeconds: 300,
    });
  });

  it("prefers the command line to the environment to the file", async () => {
    const yaml = withAuth("server: { port: 1111, host: 10.0.0.1 }\nlogging: { level: warn }");
    expect(await load({ yaml })).toMatchObject({ port: 1111, host: "10.0.0.1", logLevel: "warn" });
    const env = {
      MUXI_SERVER_PORT: "2222",
      MUXI_PORT: "3333",
      MUXI_HOST: "10.0.0.2",
      MUXI_LOG_LEVEL: "debug",
    };
    expect(await load({ yaml, env })).toMatchObject({ port: 2222, host: "10.0.0.2", logLevel: "debug" });
    expect(await load({ yaml, env: { MUXI_PORT: "3333" } })).toMatchObject({ port: 3333 });
    const overrides = { port: "4444", host: "127.0.0.1", logLevel: "error" };
    expect(await load({ yaml, env, overrides })).toMatchObject({
      port: 4444,
      host: "127.0.0.1",
      logLevel: "error",
    });
  });

  it("takes the port range from the environment", async () => {
    const env = { MUXI_PORT_START: "5000", MUXI_PORT_END: "5010" };
    expect((await load({ env })).processes.portRange).toEqual({ first: 5000, end: 5010 });
  });

  it("accepts both names of the restart limit and keys that it does not use", async () => {
    const yaml =
      "formations: { max_restart_count: 3, restart_delay: 0.5, keep_backups: 1 }\nrce: { port: 7891 }";
    expect((await load({ yaml })).processes).toMatchObject({ maxRestarts: 3, restartDelayMs: 500 });
  });

  it("takes folders, health checks and authentication from where they are set", async () => {
    const yaml = withAuth(
      [
        "formations:",
        "  logs_dir: output",
        "  health_check_timeout: 7",
        "  deployment: { health_check: { enabled: false, timeout: 0 } }",
      ].join("\n"),
    );
    const config = await load({ yaml, env: { MUXI_AUTH_ENABLED: "0" } });
    expect(config.credentials).toBeUndefined();
    expect(config.auditLog).toBe("/data/output/audit.log");
    expect(config.formations.monitorTimeoutMs).toBe(7000);
    expect(config.processes).toMatchObject({
      logsDirectory: "/data/output",
      healthTimeoutMs: 300_000,
      anyStatusIsHealthy: true,
    });
    expect((await load({ yaml })).credentials).toBeDefined();
  });

  it("gives single formations a memory limit and an environment of their own", async () => {
    const yaml = [
      "formations:",
      "  memory_limit: 1G",
      "  log_max_size: 2M",
      "  settings:",
      "    my-bot: { memory_limit: 512MB, environment: { REGION: eu, LEVEL: 3 } }",
    ].join("\n");
    const { formations } = await load({ yaml });
    expect(formations.memoryLimitOf("my-bot")).toBe(512 * 1024 ** 2);
    expect(formations.memoryLimitOf("other")).toBe(1024 ** 3);
    expect(formations.environmentOf("my-bot")).toEqual({ REGION: "eu", LEVEL: "3" });
    expect(formations.environmentOf("other")).toEqual({});
    expect(formations.rotation).toEqual({ maxBytes: 2 * 1024 ** 2, maxFiles: 10 });
    expect(
      (await load({ yaml: "formations: { log_rotation_enabled: false }" })).formations.rotation,
    ).toBeUndefined();
  });

  it.each([
    ["YAML that cannot be read", { yaml: "server: [" }, /config\.yaml is not valid YAML/],
    ["a list instead of keys", { yaml: "- server" }, /config\.yaml is not valid:\n {2}the whole file/],
    ["a port that is none", { yaml: "server: { port: 70000 }" }, /\n {2}server\.port: /],
    ["a port flag that is none", { overrides: { port: "http" } }, /--port is 'http': must be a whole number/],
    ["a variable that is none", { env: { MUXI_PORT_END: "80" } }, /MUXI_PORT_END is '80'/],
    ["an unknown log level", { overrides: { logLevel: "loud" } }, /--log-level is 'loud'/],
    ["an empty port range", { env: { MUXI_PORT_START: "9000" } }, /port range 9000 to 9000 is empty/],
    ["authentication from the environment alone", { env: { MUXI_AUTH_ENABLED: "true" } }, /muxi server init/],
    ["a switch that is none", { env: { MUXI_AUTH_ENABLED: "maybe" } }, /must be true or false/],
    ["authentication without credentials", { yaml: "auth: { enabled: true }" }, /auth\.key and auth\.secret/],
    ["a size that is none", { yaml: "formations: { memory_limit: much }" }, /such as 512M or 2G/],
    ["a misspelt section", { yaml: "authh: { enabled: true }" }, /\n {2}authh: .*Did you mean auth\?/],
    [
      "a section of another program",
      { yaml: "nginx: {}" },
      /\n {2}nginx: .*There are server_id, server, auth/,
    ],
    [
      "a misspelt setting",
      { yaml: "formations: { deployment: { drain_timeuot: 5 } }" },
      /\n {2}formations\.deployment\.drain_timeuot: .*Did you mean drain_timeout\?/,
    ],
    [
      "a drain time of ages",
      { yaml: "formations: { deployment: { drain_timeout: 1e12 } }" },
      /formations\.deployment\.drain_timeout: .*86400/,
    ],
    ["signatures for ever", { yaml: "auth: { timestamp_tolerance: 1e9 }" }, /timestamp_tolerance: .*3600/],
    [
      "a secret of one letter",
      { yaml: "auth: { enabled: true, key: k, secret: s }" },
      /auth\.secret: must have 16 characters or more/,
    ],
    ["a relative dev root", { yaml: "dev: { roots: [mine] }" }, /dev\.roots\.0: must be an absolute path/],
    [
      "a trusted proxy that is no address",
      { yaml: "server: { trusted_proxies: [nginx] }" },
      /10\.0\.0\.0\/8/,
    ],
    ["a range that is too narrow", { yaml: "server: { trusted_proxies: [10.0.0.0/99] }" }, /10\.0\.0\.0\/8/],
    [
      "a public host without authentication",
      { overrides: { host: "0.0.0.0" } },
      /auth\.enabled.*127\.0\.0\.1/,
    ],
    ["the same from the file", { yaml: "server: { host: '::' }" }, /authentication is off/],
  ])("refuses %s", async (_name, given, message) => {
    const loading = load(given);
    await expect(loading).rejects.toThrow(ConfigError);
    await expect(loading).rejects.toThrow(message);
  });

  it("keeps the secret out of its messages", async () => {
    await expect(load({ yaml: withAuth("server: { port: x }") })).rejects.toThrow(/^(?!.*muxi_sk)/s);
  });
});
