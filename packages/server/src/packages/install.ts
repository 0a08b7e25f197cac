import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import * as z from "zod";
import { diskFailure } from "../base/disk.ts";
import { ifThere } from "../base/durable.ts";
import { checkSources, packagesError, readNamed } from "./named.ts";
import { type NpmRun, runNpm } from "./npm.ts";

export interface InstallOptions extends Pick<NpmRun, "env" | "signal"> {
  /** Whether this server installs packages at all (`formations.install_packages`). */
  allowed: boolean;
  timeoutMs: number;
  /** Told when it begins, and each line of npm. */
  report: (message: string) => void;
}

/** Lines of npm in the message of a failure. */
const tailLength = 20;
/** npm takes packages of it from the configured registry. */
const npmRegistry = "https://registry.npmjs.org/";

/** What npm says when it finds no room. */
const fullDisk = /\bENOSPC\b/;

const configSchema = z.record(z.string(), z.unknown());

/** The registries of the server, as the operator has set them: the general one and those of scopes. */
const registriesOf = async (run: NpmRun): Promise<string[]> => {
  const { code, output, all } = await runNpm(["config", "list", "--json"], run);
  if (code !== 0)
    throw packagesError(["npm cannot read its settings:", ...all.slice(-tailLength)].join("\n"));
  const settings = configSchema.parse(JSON.parse(output.join("\n")));
  const given = Object.entries(settings).flatMap(([key, value]) =>
    (key === "registry" || key.endsWith(":registry")) && typeof value === "string" ? [value] : [],
  );
  return [...new Set([...given, npmRegistry])];
};

/**
 * Installs the packages that a bundle names in `package.json` and its lock file into its folder
 * (docs/spec/server-api.md "Packages of a bundle"). npm sees these two files alone: no settings of the bundle, and no
 * scripts run.
 *
 * @param folder Of the new release; nothing runs in it yet.
 * @throws Failure 400 when they cannot be installed, or not here; the signal's reason.
 */
export const installPackages = async (
  folder: string,
  { allowed, timeoutMs, report, env, signal: cancelled }: InstallOptions,
): Promise<void> => {
  const named = await readNamed(folder);
  if (!named) return;
  const { lock } = named;
  const target = join(folder, "node_modules");
  if (!allowed) {
    if (!lock || (await ifThere(stat(target)))) return;
    throw packagesError(
      `The bundle names packages (package.json and ${lock.name}), and this server does not install any. Set formations.install_packages: true in its config.yaml and restart it, or remove the two files from the bundle.`,
    );
  }
  if (!lock) {
    throw packagesError(
      "package.json of the bundle names packages, but there is no lock file: run npm install --package-lock-only, and deploy again",
    );
  }
  report("Installing packages");
  const work = `${folder}-packages`;
  const late = AbortSignal.timeout(timeoutMs);
  const run = { folder: work, env, signal: AbortSignal.any([cancelled, late]) };
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
    for (const name of ["package.json", lock.name]) await copyFile(join(folder, name), join(work, name));
    checkSources({ ...named, lock }, await registriesOf(run));
    const args = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
    const onLine = (line: string) => report(line.replaceAll(work, basename(folder)));
    const { code, all } = await runNpm(args, { ...run, onLine });
    if (code !== 0) {
      if (all.some((line) => fullDisk.test(line))) throw diskFailure();
      throw packagesError(
        ["The packages of the bundle could not be installed:", ...all.slice(-tailLength)]
          .join("\n")
          .replaceAll(work, "bundle"),
      );
    }
    await rm(target, { recursive: true, force: true });
    await ifThere(rename(join(work, "node_modules"), target));
  } catch (error) {
    if (late.aborted && !cancelled.aborted) {
      throw packagesError(
        `The packages of the bundle were not installed within ${timeoutMs / 1000} s (formations.install_timeout of the server)`,
      );
    }
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};
