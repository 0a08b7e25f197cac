import type { Environment, Formation } from "@muxi/formation";
import type { FormationProblem } from "@muxi/protocol";
import { type packagesOf, problemsOfModels } from "./models/index.ts";
import type { Redactor } from "./observability/index.ts";
import type { ServerState, Toolbox } from "./tools/index.ts";

export interface ReadinessDeps {
  formation: Formation;
  env: Environment;
  importPackage: ReturnType<typeof packagesOf>;
  toolbox: Pick<Toolbox, "servers" | "settled">;
  redactor: Pick<Redactor, "text">;
}

/**
 * What a running formation cannot use (docs/spec/server-api.md "Checks before a switch").
 *
 * @param wait Whether to wait for tool servers that are starting, at most `mcp.startup_timeout_seconds`. Without it
 * they count as no problem yet.
 */
export type FindProblems = (wait: boolean) => Promise<FormationProblem[]>;

export const createReadiness = (deps: ReadinessDeps): FindProblems => {
  const { formation, env, importPackage, toolbox, redactor } = deps;
  const { startup_timeout_seconds: patience } = formation.manifest.mcp;
  let ofModels: Promise<FormationProblem[]> | undefined;

  const reasonOf = ({ definition, isStarting, problem }: ServerState, wait: boolean): string | undefined => {
    if (isStarting)
      return wait
        ? `It did not list its tools within ${patience} s (mcp.startup_timeout_seconds)`
        : undefined;
    return problem === undefined ? undefined : `${problem}. It is defined in ${definition.source}`;
  };

  return async (wait) => {
    ofModels ??= problemsOfModels(formation, env, importPackage);
    const [models] = await Promise.all([ofModels, wait ? toolbox.settled() : undefined]);
    const ofServers = toolbox.servers.flatMap((server): FormationProblem[] => {
      const message = reasonOf(server, wait);
      return message === undefined ? [] : [{ kind: "mcp", name: server.definition.id, message }];
    });
    return [...models, ...ofServers].map((problem) => ({
      ...problem,
      message: redactor.text(problem.message),
    }));
  };
};
