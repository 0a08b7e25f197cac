import { setGlobalProxyFromEnv } from "node:http";
import path from "node:path";
import { parseArgs } from "node:util";
import {
  databaseOf,
  type Formation,
  FormationError,
  isSystemError,
  loadFormation,
  openSecrets,
  resolveApiKeys,
} from "@muxi/formation";
import { asError, proxyFrom } from "@muxi/http";
import { type ProblemsAnswer, problemsQuestionSchema } from "@muxi/protocol";
import { pino } from "pino";
import * as z from "zod";
import { createRedactor, createTokenReports, knownSecrets } from "./observability/index.ts";
import { startRuntime } from "./runtime.ts";
import { copyRows } from "./store/index.ts";

const usage = `usage: muxi-runtime <formation folder> [--host 127.0.0.1] [--port 8001]

Serves one formation. PORT and HOST in the environment win over the formation's own settings,
--port and --host over both.

       muxi-runtime <formation folder> --dump-rows <file>
       muxi-runtime <formation folder> --load-rows <file> [--force]

Copies what the formation has in Postgres to a file or back, and ends. --force replaces what is there.`;

/**
 * How long answers in progress may take after a signal to stop, in milliseconds (docs/spec/formation-files.md
 * "Starting a formation").
 */
const grace = 30_000;

const portSchema = z.coerce.number().int().min(0).max(65535);

const fail = (message: string): never => {
  process.stderr.write(`Error: ${message}\n`);
  process.exit(1);
};

const portOf = (text: string): number => {
  const { success, data } = portSchema.safeParse(text);
  return success ? data : fail(`'${text}' is not a port: give a number from 0 to 65535`);
};

const levels = { debug: "debug", info: "info", warning: "warn", error: "error" } as const;

/** The output of `logging.system.destination`: the standard output, or a file to append to. */
const logOutput = ({ dir, manifest }: Formation) => {
  const { destination } = manifest.logging.system;
  return destination === "stdout"
    ? pino.destination(1)
    : pino.destination({ dest: path.resolve(dir, destination), mkdir: true, mode: 0o600, sync: true });
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: "string" },
    port: { type: "string" },
    "dump-rows": { type: "string" },
    "load-rows": { type: "string" },
    force: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
const [folder] = positionals;
if (values.help || folder === undefined) {
  process.stdout.write(`${usage}\n`);
  process.exit(values.help ? 0 : 1);
}

const { env } = process;
const isDeployed = env.FORMATION_ID !== undefined && env.MUXI_ENV === "production";
const isDraft = env.FORMATION_ID !== undefined && !isDeployed;

/** `fetch`, by which MCP servers, OpenTelemetry and event destinations are reached, has a proxy of its own. */
const setProxyOfFetch = () => {
  const address = (value: string | undefined) =>
    value === undefined || value.includes("://") ? value : `http://${value}`;
  setGlobalProxyFromEnv({
    HTTP_PROXY: address(env.http_proxy || env.HTTP_PROXY || undefined),
    HTTPS_PROXY: address(env.https_proxy || env.HTTPS_PROXY || undefined),
    NO_PROXY: `${env.no_proxy || env.NO_PROXY || ""},localhost,127.0.0.1,::1`,
  });
};

/** Tells the server that started this process, if one did. */
const tellServer = (message: object) =>
  new Promise<void>((resolve) => {
    if (process.send && process.connected) process.send(message, () => resolve());
    else resolve();
  });

const run = async () => {
  const proxy = proxyFrom(env);
  if (proxy) setProxyOfFetch();
  const { formation, report } = await loadFormation(folder, { env, allowEnv: !isDeployed });
  if (!formation) throw new FormationError(folder, report);
  const { "dump-rows": to, "load-rows": from, force } = values;
  if (to !== undefined || from !== undefined) {
    const place = databaseOf(formation);
    // Whoever began it was killed, and restores nothing more.
    process.once("disconnect", () => process.exit(1));
    if (place.engine !== "postgres") throw new Error(`the database of '${formation.id}' is not in Postgres`);
    if (to !== undefined) await copyRows(place.connectionString, formation.id, { to });
    if (from !== undefined) await copyRows(place.connectionString, formation.id, { from, replaces: force });
    process.exit(0);
  }
  const { server, logging } = formation.manifest;
  const keys = await resolveApiKeys(formation);
  const redactor = createRedactor({
    secrets: knownSecrets(await openSecrets(formation.dir), formation, keys, env),
    entities: false,
  });
  const log = pino(
    {
      level: levels[logging.system.level],
      base: { formation: formation.id },
      hooks: { streamWrite: redactor.text },
    },
    logOutput(formation),
  );
  for (const { file, line, path: field, message, hint } of report.warnings) {
    log.warn({ validation: { file, line, field, hint } }, `${file}${field && ` → ${field}`}: ${message}`);
  }
  const tokens = createTokenReports(tellServer);
  const host = values.host ?? env.HOST ?? server.host ?? "127.0.0.1";
  const port = values.port ?? env.PORT;
  const runtime = await startRuntime({
    formation,
    keys,
    host,
    port: port === undefined ? (server.port ?? 8001) : portOf(port),
    env,
    log,
    tokens,
    proxy,
  }).catch((error: unknown) => {
    if (isSystemError(error, "EADDRINUSE")) {
      return fail(
        `port ${port ?? server.port ?? 8001} on ${host} is in use: stop what runs there or choose another with --port`,
      );
    }
    throw error;
  });
  log.info({ port: runtime.port, host, models: Object.fromEntries(runtime.models) }, "formation is up");
  if (keys.generated) {
    // The keys of a draft are shown to whoever has started it.
    log[isDraft ? "info" : "warn"](
      "the API keys were generated and are in .keys.json: name your own in server.api_keys before you deploy",
    );
  }

  // Whatever nobody caught belongs to one request, which its own limits end: all others go on.
  process.on("uncaughtException", (error) => log.error({ err: error }, "an error that nobody caught"));

  let stopping = false;
  const stop = async (why: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, "stopping");
    // A server sends nothing more to a process that it ends.
    const drainTime = process.send ? 0 : server.drain_seconds * 1_000;
    await runtime.close(grace, drainTime);
    await tokens.flush();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  // The server that started this process is gone, so nobody else would ever stop it.
  process.on("disconnect", () => void stop("the server is gone"));
  // It may also have gone while this process was starting and did not listen yet.
  if (process.send && !process.connected) await stop("the server is gone");
  process.on("message", (message) => {
    const { data } = problemsQuestionSchema().safeParse(message);
    if (!data) return;
    runtime.problems(data.wait).then(
      (problems) => tellServer({ type: "problems", id: data.id, problems } satisfies ProblemsAnswer),
      (error: unknown) => log.error({ err: error }, "could not find out what the formation lacks"),
    );
  });
  await tellServer({ type: "ready", port: runtime.port });
};

run().catch((error: unknown) => fail(asError(error).message));
