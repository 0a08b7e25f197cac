import { join } from "node:path";
import {
  type Bundle,
  compareVersions,
  type Formation,
  FormationError,
  formatReport,
  loadFormation,
  packFormation,
  type Report,
} from "@muxi/formation";
import type { DeployedFormationDetail } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { catchInterruption } from "../../base/interruption.ts";
import { withTemporaryFolder } from "../../base/temporary.ts";
import { checkFor, chosenServer, deployedNow } from "../../server/index.ts";
import { formationFolder } from "../../target/index.ts";
import {
  createUi,
  type OutputFormat,
  showWarnings,
  size,
  type Ui,
  warnOfPlainHttp,
  warnOfProblems,
} from "../../ui/index.ts";
import { upload } from "./upload.ts";

export interface DeployOptions {
  output: OutputFormat;
  profile?: string;
  /** Creates the bundle, and stops. */
  dryRun: boolean;
  /** False: waits for the result without showing the steps. */
  stream: boolean;
  includeDb: boolean;
  /** Whether MCP servers must list their tools; models are always checked. */
  check: boolean;
  /** Deploys whatever the check finds, and shows it. */
  force: boolean;
}

const invalid = (id: string | undefined, report: Report, folder: string): CliError => {
  const name = id === undefined ? "The formation" : `Formation '${id}'`;
  return new CliError(`${name} has ${report.errors.length} error(s)`, {
    detail: formatReport({ ...report, suggestions: [] }).slice(1),
    hint: `Run: muxi validate ${folder}`,
  });
};

const readForServer = async (folder: string, ui: Ui): Promise<{ formation: Formation; report: Report }> => {
  const { formation, report } = await loadFormation(folder, { allowEnv: false, forServer: true });
  if (!formation) throw invalid(undefined, report, folder);
  showWarnings(report, ui);
  return { formation, report };
};

/** An update needs a higher version than the running one (docs/spec/cli.md "muxi deploy"). */
const checkVersion = ({ manifest }: Formation, deployed: DeployedFormationDetail): void => {
  const { version } = manifest;
  if (version === undefined) {
    throw new CliError("Version required for update", {
      detail: ["The manifest has no version, and this formation is already deployed"],
      hint: "Run: muxi bump",
    });
  }
  const current = deployed.version?.semantic;
  const order = current === undefined ? undefined : compareVersions(version, current);
  if (order === undefined || order > 0) return;
  throw new CliError("Version conflict", {
    detail: [`Here:   ${version}`, `Server: ${current}`, "An update needs a higher version"],
    hint: "Run: muxi bump",
  });
};

const pack = async (ui: Ui, formation: Formation, target: string, includeDb: boolean): Promise<Bundle> => {
  try {
    const bundle = await ui.during("Packing...", () => packFormation(formation.dir, { target, includeDb }));
    ui.success(`Created bundle (${bundle.files} files, ${size(bundle.bytes)})`);
    if (bundle.skipped.length > 0)
      ui.warning("Left out, because they are links that lead out of the folder:", bundle.skipped);
    return bundle;
  } catch (error) {
    if (error instanceof FormationError) throw invalid(formation.id, error.report, formation.dir);
    throw error;
  }
};

/** Nobody who calls the formation knows the keys that the server generates. */
const warnOfMissingKeys = (ui: Ui, { manifest }: Formation): void => {
  const { client_key, admin_key } = manifest.server.api_keys;
  if (client_key !== undefined && admin_key !== undefined) return;
  ui.warning("The formation does not set both API keys, so the server generates the missing ones", [
    "It keeps them in .keys.json in the formation's folder. To choose them, set server.api_keys in the manifest",
  ]);
};

/** `muxi deploy` (docs/spec/cli.md "muxi deploy"): deploys a new formation, or updates a deployed one. */
export const deploy = async (
  context: Context,
  given: string | undefined,
  { output, profile, dryRun, stream, includeDb, check, force }: DeployOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const folder = await formationFolder(context, given);
  const { formation, report } = await readForServer(folder, ui);
  const { warnings } = report;
  const { id } = formation;
  const server = await chosenServer({ ...context, cwd: folder }, profile);
  const deployed = await ui.during(`Asking ${server.name}...`, () =>
    deployedNow(server, id, `Formation '${id}' was not deployed`),
  );
  ui.line(deployed ? `Updating: ${id} on ${server.name}` : `Deploying: ${id} to ${server.name}`);
  ui.line(`Version: ${formation.manifest.version ?? "1.0.0"}`);
  if (deployed) checkVersion(formation, deployed);

  const { signal, release } = catchInterruption();
  try {
    return await withTemporaryFolder(async (work) => {
      const bundlePath = join(work, `${id}.tar.gz`);
      const bundle = await pack(ui, formation, bundlePath, includeDb);
      if (dryRun) {
        ui.data({ dry_run: true, formation_id: id, ...describe(bundle), warnings });
        ui.line("Dry run complete - bundle created but not uploaded");
        return 0;
      }
      if (formation.usedSecrets.length > 0) warnOfPlainHttp(ui, server.url, "The bundle contains secrets");
      warnOfMissingKeys(ui, formation);
      const isUpdate = deployed !== undefined;
      const complete = await upload(ui, {
        ...{
          server,
          bundle,
          bundlePath,
          isUpdate,
          stream,
          takes: includeDb ? "database" : "nothing",
          signal,
        },
        check: checkFor({ check, force }),
      });
      const url = `${server.url}/api/${id}`;
      ui.data({ ...complete, formation_id: id, ...describe(bundle), url, warnings });
      ui.success(stream ? `Formation \`${id}\` running!` : `${isUpdate ? "Updated" : "Deployed"} ${id}`);
      ui.line(`  Formation URL: ${url}`);
      warnOfProblems(ui, complete.problems);
      if (complete.left_out) ui.warning("The server has left out what it keeps itself:", complete.left_out);
      ui.bell();
      return 0;
    });
  } finally {
    release();
  }
};

const describe = ({ version, files, bytes, sha256 }: Bundle) => ({ version, files, bytes, sha256 });
