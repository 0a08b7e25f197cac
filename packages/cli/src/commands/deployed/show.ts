import type { DeployedFormation } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { chosenServer, explainDeployedError } from "../../server/index.ts";
import { formationId } from "../../target/index.ts";
import {
  createUi,
  duration,
  paintStatus,
  statusText,
  table,
  type Ui,
  warnOfProblems,
} from "../../ui/index.ts";
import type { DeployedOptions } from "./lifecycle.ts";

const uptimeText = (seconds: number): string => (seconds > 0 ? duration(seconds) : "-");

export interface ListOptions extends DeployedOptions {
  /** Lists only formations with this status. */
  status?: string;
}

/** `muxi remote list` (docs/spec/cli.md "muxi remote"). */
export const list = async (context: Context, options: ListOptions): Promise<number> => {
  const ui = createUi(context, options.output);
  const server = await chosenServer(context, options.profile);
  const { formations: all } = await server.client.listFormations().catch((error: unknown) => {
    throw explainDeployedError(error, server, `The formations of ${server.name} could not be listed`);
  });
  const formations = all.filter(({ status }) => options.status === undefined || status === options.status);
  ui.data({ formations, total: formations.length });
  if (formations.length === 0 && all.length > 0) {
    ui.line(`No formation has the status ${options.status}`);
    return 0;
  }
  if (formations.length === 0) {
    ui.line("No formations deployed");
    ui.line(ui.colours.dim("  Run: muxi deploy"));
    return 0;
  }
  const rows = formations.map(({ id, version, status, uptime, port }) => [
    id,
    version?.semantic ?? "-",
    statusText(status, status === "running"),
    uptimeText(uptime),
    port > 0 ? String(port) : "-",
  ]);
  const headings = ["ID", "VERSION", "STATUS", "UPTIME", "PORT"];
  for (const line of table(headings, rows, paintStatus(ui.colours))) ui.line(line);
  return 0;
};

const healthText = ({ healthy, status }: DeployedFormation, { colours }: Ui): string => {
  if (status !== "running" && status !== "unhealthy") return "—";
  return healthy ? colours.green("✓ healthy") : colours.red("✗ unhealthy");
};

export interface GetOptions extends DeployedOptions {
  verbose: boolean;
}

/** `muxi remote get` (docs/spec/cli.md "muxi remote"). */
export const get = async (
  context: Context,
  given: string | undefined,
  { output, profile, verbose }: GetOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const server = await chosenServer(context, profile);
  const id = await formationId(context, given);
  const formation = await server.client.getFormation({ formationId: id }).catch((error: unknown) => {
    throw explainDeployedError(error, server, `Formation '${id}' could not be read`);
  });
  ui.data(formation);
  const { name, version, status, uptime, restart_count: restarts, port, pid } = formation;
  ui.fields({
    Formation: id,
    Name: name,
    Version: version?.semantic ?? "-",
    Status: statusText(status, status === "running"),
    Uptime: uptimeText(uptime),
    Health: healthText(formation, ui),
    Restarts: String(restarts),
    Deployed: formation.deployed_at,
    Updated: formation.updated_at,
    URL: `${server.url}/api/${id}`,
    ...(verbose && { Port: String(port), "Process id": String(pid) }),
  });
  warnOfProblems(ui, formation.problems);
  return 0;
};
