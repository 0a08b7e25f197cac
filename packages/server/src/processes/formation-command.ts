import type { MakeCommand } from "./replica.ts";
import type { RuntimeCommand } from "./runtime-command.ts";

/** What a formation may have, by its id. */
export interface FormationResources {
  /** Bytes that each process of a formation may hold; undefined is no limit. */
  memoryLimitOf: (formationId: string) => number | undefined;
  environmentOf: (formationId: string) => Readonly<Record<string, string>>;
}

export interface FormationCommandOptions {
  resources: FormationResources;
  /** Address that formations listen on. */
  bindHost: string;
  /** Environment that formations inherit. */
  env: NodeJS.ProcessEnv;
  /** Program and arguments that run a formation folder. */
  runtime: RuntimeCommand;
  /** Where this server is reached. */
  url: () => string;
}

const mebibyte = 1024 * 1024;

/** Node keeps its own heap below the limit; what comes on top of it is left to the monitor. */
const withHeapLimit = (nodeOptions: string | undefined, limit: number | undefined): string | undefined =>
  limit === undefined
    ? nodeOptions
    : [nodeOptions, `--max-old-space-size=${Math.max(16, Math.floor(limit / mebibyte))}`]
        .filter(Boolean)
        .join(" ");

/**
 * How formations are run: the command, and the environment of docs/spec/server-api.md
 * "Environment of a formation".
 */
export const createFormationCommand =
  ({ resources, bindHost, env, runtime, url }: FormationCommandOptions): MakeCommand =>
  ({ formationId, folder, port, draft }) => {
    const own = resources.environmentOf(formationId);
    const heapLimit = resources.memoryLimitOf(formationId);
    const nodeOptions = withHeapLimit(own.NODE_OPTIONS ?? env.NODE_OPTIONS, heapLimit);
    return {
      ...runtime(folder),
      folder,
      env: {
        ...env,
        ...own,
        ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
        PORT: String(port),
        _port: String(port),
        HOST: bindHost,
        _bind_host: bindHost,
        FORMATION_ID: formationId,
        MUXI_SERVER_URL: url(),
        // `production` forbids `${{ env.NAME }}`; a draft is a developer's own and may use it.
        MUXI_ENV: draft ? "development" : "production",
      },
    };
  };
