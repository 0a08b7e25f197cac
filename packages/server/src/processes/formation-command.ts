import type { MakeCommand } from "./replica.ts";
import type { RuntimeCommand } from "./runtime-command.ts";

/** Resources of each formation. */
export interface FormationResources {
  /** Memory limit of each process of a formation, in bytes; undefined means no limit. */
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
  /** Address of this server. */
  url: () => string;
}

const mebibyte = 1024 * 1024;

/** Node keeps its own heap below the limit. Memory outside the heap is left to the monitor. */
const withHeapLimit = (nodeOptions: string | undefined, limit: number | undefined): string | undefined =>
  limit === undefined
    ? nodeOptions
    : [nodeOptions, `--max-old-space-size=${Math.max(16, Math.floor(limit / mebibyte))}`]
        .filter(Boolean)
        .join(" ");

/**
 * Makes the command that runs a formation, with the environment of docs/spec/server-api.md "Environment of a
 * formation".
 */
export const createFormationCommand =
  ({ resources, bindHost, env, runtime, url }: FormationCommandOptions): MakeCommand =>
  ({ formationId, folder, port, draft, environment }) => {
    const own = { ...resources.environmentOf(formationId), ...environment };
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
        // `production` forbids `${{ env.NAME }}`. A draft is run by its developer, and may use it.
        MUXI_ENV: draft ? "development" : "production",
      },
    };
  };
