import type { DeploymentCheck, FormationProblem } from "@muxi/protocol";
import { Failure } from "../base/failure.ts";
import type { FormationSpec, FormationState, StartWatch, Supervisor } from "../processes/index.ts";
import type { ReportProgress } from "../reader/index.ts";
import type { Releases } from "./releases.ts";

/** How long a formation may wait for its tool servers, whatever its manifest says, in milliseconds. */
const longestCheckMs = 300_000;

export interface CheckOptions {
  supervisor: Supervisor;
  /** Name of the processes to check. */
  name: string;
  /** Undefined checks nothing. */
  check: DeploymentCheck | undefined;
  signal?: AbortSignal | undefined;
}

const lineOf = ({ kind, name, message }: FormationProblem): string =>
  `${kind === "model" ? "Model" : "MCP server"} ${name}: ${message}`;

/**
 * Asks a formation that has just become healthy what it cannot use (docs/spec/server-api.md "Checks before a switch").
 *
 * @returns What was found and is only to be reported.
 * @throws Failure 400 when something was found that refuses the release; StartError when the formation does not say.
 */
export const checkStarted = async ({
  supervisor,
  name,
  check,
  signal,
}: CheckOptions): Promise<FormationProblem[]> => {
  if (check === undefined) return [];
  const found =
    (await supervisor.problems(name, { wait: check !== "models", timeoutMs: longestCheckMs, signal })) ?? [];
  if (check === "report") return found;
  const counting = found.filter(({ kind }) => check === "all" || kind === "model");
  if (counting.length === 0) return [];
  throw new Failure(
    400,
    "CheckFailed",
    [
      "The formation cannot use everything that it names:",
      ...counting.map(lineOf),
      "Mend this, or go on without it: --force, or the check 'report'.",
    ].join("\n"),
  );
};

/** A formation that runs, and what its check found and was only to report. */
export interface Started {
  formation: FormationState;
  problems: FormationProblem[];
}

/**
 * Starts a release and checks it.
 *
 * @throws as `Supervisor.start` and `checkStarted`
 */
export const startChecked = async (
  { supervisor }: Releases,
  spec: FormationSpec,
  { check, report }: { check: DeploymentCheck | undefined; report: ReportProgress },
  watch: StartWatch,
): Promise<Started> => {
  const formation = await supervisor.start(spec, watch);
  if (check) report({ stage: "checking", message: "Checking models and tool servers" });
  const { name } = spec;
  return {
    formation,
    problems: await checkStarted({ supervisor, name, check, signal: watch.signal }),
  };
};
