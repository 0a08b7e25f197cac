import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError } from "@muxi/formation";
import { syncFolder, syncTree } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { version as serverVersion } from "../base/version.ts";
import {
  addMetadata,
  type CheckedFormation,
  checkFormation,
  type Expected,
  unpackBundle,
} from "../bundles/index.ts";
import { isCopied } from "../drafts/index.ts";
import { installPackages } from "../packages/index.ts";
import type { Release } from "./history.ts";
import type { Layout } from "./layout.ts";
import type { Releases, ReportProgress } from "./releases.ts";
import { removeDatabase, shareData } from "./shared-data.ts";

/** What a release is made from: an uploaded bundle, or a draft folder. */
export type Source = { bundle: string } | { draft: string };

export interface StageOptions {
  layout: Layout;
  source: Source;
  /** SHA-256 of the source. */
  hash: string;
  expected: Expected;
  version: number;
  predecessor: number | undefined;
  report: ReportProgress;
  signal: AbortSignal;
}

const fill = async (folder: string, source: Source, releases: Releases): Promise<void> => {
  if ("bundle" in source) return unpackBundle(source.bundle, folder, releases.settings.bundle);
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

/**
 * Prepares the folder of a release: unpacks it, checks it, and links the runtime's data into it. After a failure
 * nothing is left of it.
 */
export const stageRelease = async (releases: Releases, options: StageOptions): Promise<Release> => {
  const { layout, source, hash, expected, version, predecessor, report, signal } = options;
  const work = join(releases.settings.temporaryDirectory, `${layout.id}-${version}-${hash.slice(0, 12)}`);
  const target = layout.release(version);
  try {
    await rm(work, { recursive: true, force: true });
    await fill(work, source, releases);
    signal.throwIfAborted();
    report({ stage: "validating", message: "Validating formation files" });
    const checked = await checkFormation(work, expected);
    if ("draft" in source) await removeDatabase(checked.formation);
    reportRuntime(checked, report);
    await addMetadata(checked.formation, releases.settings.serverId);
    await installPackages(work, {
      ...releases.settings.install,
      report: (message) => report({ stage: "installing", message }),
      signal,
    });
    signal.throwIfAborted();
    await mkdir(layout.releases, { recursive: true, mode: 0o700 });
    await rm(target, { recursive: true, force: true });
    await moveFolder(work, target);
    await shareData(layout, { ...checked.formation, dir: target }, { version, predecessor });
    // The response promises a release that survives a power cut.
    await syncTree(target);
    for (const folder of [layout.releases, layout.data, dirname(layout.root)]) await syncFolder(folder);
    return {
      version,
      deployed_at: new Date(releases.now()).toISOString(),
      bundle_hash: hash,
      semantic: checked.version,
      name: checked.formation.name,
      replicas: checked.replicas,
    };
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};
