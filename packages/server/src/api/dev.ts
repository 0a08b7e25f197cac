import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import { isSystemError } from "@muxi/formation";
import { asError } from "@muxi/http";
import {
  type DevResult,
  type DevRunRequest,
  devRunRequestSchema,
  devStopRequestSchema,
  formationIdPattern,
} from "@muxi/protocol";
import { Failure } from "../base/failure.ts";
import type { Identified } from "../bundles/index.ts";
import { AlreadyRunningError, PortsExhaustedError, StartError, type Supervisor } from "../processes/index.ts";
import { identifiedSchema, type Reader } from "../reader/index.ts";
import { checkStarted } from "../releases/index.ts";
import { HttpError } from "./errors.ts";
import type { Handler } from "./handler.ts";
import { parseInput } from "./parse.ts";

export interface DevOptions {
  supervisor: Supervisor;
  reader: Reader;
  /** Contains `<id>/draft/` for each draft. */
  formationsDirectory: string;
  /** Folders below which drafts may run. Undefined allows any folder: only this machine can reach the server. */
  devRoots: readonly string[] | undefined;
  /** Environment that references in a formation's files may use. */
  env: NodeJS.ProcessEnv;
  /** How long a draft may take to stop, including its open requests. */
  stopMs: number;
}

/** Name of a formation's draft in the supervisor (docs/spec/server-api.md "Ports"). */
export const draftName = (formationId: string): string => `${formationId}-draft`;

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw new HttpError(400, `Cannot read ${path}: ${asError(error).message}`);
  }
};

/** Running a folder executes what is in it, so a server that other machines can reach only runs configured folders. */
const checkAllowed = async (folder: string, roots: readonly string[]): Promise<void> => {
  for (const root of roots) {
    if (!(await isFolder(root))) continue;
    // Compare real paths: a link inside a root may lead out of it.
    const real = await realpath(root);
    if (folder === real || folder.startsWith(real.endsWith(sep) ? real : real + sep)) return;
  }
  throw new HttpError(
    403,
    `Folder ${folder} may not run here: other machines can reach this server, and the folder is not below one of dev.roots. Add it to dev.roots in config.yaml, or bind the server to 127.0.0.1.`,
  );
};

/** `POST /rpc/dev/run` and `/rpc/dev/stop` (docs/spec/server-api.md "Development runs"). */
export const createDevHandlers = (options: DevOptions): { run: Handler; stop: Handler } => {
  const { supervisor, reader, formationsDirectory, devRoots, env, stopMs } = options;

  const folderOf = async ({ path, formation_id: id }: DevRunRequest): Promise<string> => {
    if (path !== undefined) {
      if (!isAbsolute(path)) throw new HttpError(400, `Path must be absolute: '${path}'`);
      if (!(await isFolder(path))) throw new HttpError(400, `Folder not found: ${path}`);
      const folder = await realpath(path);
      if (devRoots) await checkAllowed(folder, devRoots);
      return folder;
    }
    if (id === undefined)
      throw new HttpError(400, "The body needs `path` (a formation folder) or `formation_id`");
    const draft = join(formationsDirectory, id, "draft");
    if (!formationIdPattern.test(id) || !(await isFolder(draft))) {
      throw new HttpError(404, `Formation '${id}' has no draft on this server`);
    }
    return draft;
  };

  const identified = (folder: string, environment: Readonly<Record<string, string>>): Promise<Identified> =>
    reader.run({ kind: "identify", folder, env: { ...env, ...environment } }, identifiedSchema);

  return {
    async run(request): Promise<DevResult> {
      const wanted = parseInput(devRunRequestSchema(), request.body);
      const folder = await folderOf(wanted);
      const { environment = {} } = wanted;
      const { id: formationId, variables } = await identified(folder, environment);
      const unread = Object.keys(environment).filter((variable) => !variables.includes(variable));
      if (unread.length > 0) {
        throw new HttpError(
          400,
          `Formation '${formationId}' does not read ${unread.join(", ")}: send only variables that its files refer to, and keys of model providers`,
        );
      }
      try {
        const name = draftName(formationId);
        const { port, pid } = await supervisor.start({ name, formationId, folder, draft: true, environment });
        const problems = await checkStarted({ supervisor, name, check: wanted.check }).catch(
          async (error: unknown) => {
            await supervisor.remove(name);
            throw error;
          },
        );
        return {
          success: true,
          formation_id: formationId,
          port,
          ...(pid !== undefined && { pid }),
          status: "running",
          ...(problems.length > 0 && { problems }),
        };
      } catch (error) {
        if (error instanceof AlreadyRunningError) {
          throw new HttpError(
            409,
            `Draft '${formationId}' is already ${error.formation.status}${error.formation.port === 0 ? "" : ` on port ${error.formation.port}`}. Stop it with: muxi down ${formationId}`,
          );
        }
        if (error instanceof Failure) throw new HttpError(error.status, error.message);
        if (error instanceof StartError || error instanceof PortsExhaustedError)
          throw new HttpError(500, error.message);
        throw error;
      }
    },

    async stop(request): Promise<DevResult> {
      const { formation_id: formationId } = parseInput(devStopRequestSchema(), request.body);
      if (!(await supervisor.remove(draftName(formationId), stopMs))) {
        throw new HttpError(404, `Draft '${formationId}' is not running`);
      }
      return { success: true, formation_id: formationId, status: "stopped" };
    },
  };
};
