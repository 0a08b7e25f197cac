import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError } from "@muxi/formation";
import { syncFolder, syncTree } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { layoutOf } from "../base/layout.ts";
import { version as serverVersion } from "../base/version.ts";
import { addMetadata, type CheckedFormation, checkFormation, unpackBundle } from "../bundles/index.ts";
import { isCopied } from "../drafts/index.ts";
import { installPackages } from "../packages/index.ts";
import type { ReportProgress, Staged, StageTask } from "../reader/index.ts";
import { removeOwnData, shareData } from "./shared-data.ts";

const fill = async (folder: string, { source, limits }: StageTask): Promise<void> => {
  if ("bundle" in source) return unpackBundle(source.bundle, folder, limits);
  await cp(source.draft, folder, {
    recursive: true,
    filter: (path) => path === source.draft || isCopied(path),
  });
};

/**
 * Formations may be on a different file system from the temporary folder, so a rename is not always possible. Nothing
 * reads the target before the history names it.
 */
const moveFolder = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isSystemError(error, "EXDEV")) throw error;
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
  }
};

/**
 * `<version>[:<variant>]`. There is only one runtime; whether it satisfies the formation, the manifest's `runtime`
 * says.
 */
const runtimePattern = /^[\w.+-]{1,64}(?::[\w.-]{1,64})?$/;

const reportRuntime = ({ formation }: CheckedFormation, report: ReportProgress): void => {
  const wanted = formation.manifest.muxi_runtime ?? "latest";
  if (!runtimePattern.test(wanted)) {
    throw new Failure(
      400,
      "InvalidRuntime",
      `muxi_runtime is '${wanted}': it must be a version such as latest or 1.2`,
    );
  }
  const stage = "resolving_runtime";
  report({ stage, message: "Resolving runtime version" });
  report({ stage, message: `Resolved runtime version ${serverVersion}`, version: serverVersion });
};

/** Unpacks a release, checks it, installs its packages, moves it to its place, and links the runtime's data into it. */
export const stage = async (
  task: StageTask,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<Staged> => {
  const { id, work, version, predecessor } = task;
  const made = join(work, id);
  const layout = layoutOf(task.formationsDirectory, id);
  const target = layout.release(version);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  await fill(made, task);
  report({ stage: "validating", message: "Validating formation files" });
  const checked = await checkFormation(made, { id, version: task.expectedVersion });
  const takes = "bundle" in task.source ? task.source.takes : "nothing";
  const leftOut = await removeOwnData(checked.formation, takes);
  reportRuntime(checked, report);
  await addMetadata(checked.formation, task.serverId);
  await installPackages(made, {
    ...task.install,
    report: (message) => report({ stage: "installing", message }),
    signal,
  });
  await mkdir(layout.releases, { recursive: true, mode: 0o700 });
  await rm(target, { recursive: true, force: true });
  await moveFolder(made, target);
  // The response promises a release that survives a power cut. What it brings along is moved out of it.
  if (takes !== "nothing") await syncTree(target);
  const data = await shareData(
    layout,
    { ...checked.formation, dir: target },
    { version, predecessor, takes },
  );
  await syncTree(target);
  for (const folder of [data, layout.releases, layout.data, dirname(layout.root)]) await syncFolder(folder);
  const { version: semantic, formation, replicas } = checked;
  return { semantic, name: formation.name, replicas, leftOut };
};
