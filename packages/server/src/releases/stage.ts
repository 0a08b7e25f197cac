import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Layout } from "../base/layout.ts";
import { type ReportProgress, type Source, stagedSchema } from "../reader/index.ts";
import type { Release } from "./history.ts";
import type { Releases } from "./releases.ts";

export interface StageOptions {
  layout: Layout;
  source: Source;
  /** SHA-256 of the source. */
  hash: string;
  /** The version that the client announced; undefined accepts that of the manifest. */
  expectedVersion: string | undefined;
  version: number;
  predecessor: number | undefined;
  report: ReportProgress;
  signal: AbortSignal;
}

/**
 * Prepares the folder of a release: unpacks it, checks it, and links the runtime's data into it. After a failure
 * nothing is left of it.
 */
export const stageRelease = async (
  releases: Releases,
  options: StageOptions,
): Promise<{ release: Release; leftOut: string[] }> => {
  const { layout, source, hash, expectedVersion, version, predecessor, report, signal } = options;
  const { temporaryDirectory, formationsDirectory, bundle, serverId, install } = releases.settings;
  const { id } = layout;
  const work = join(temporaryDirectory, `${id}-${version}-${hash.slice(0, 12)}`);
  try {
    const { leftOut, ...staged } = await releases.reader.run(
      {
        kind: "stage",
        ...{ id, formationsDirectory, work, source, expectedVersion, serverId, version, predecessor },
        limits: bundle,
        install,
      },
      stagedSchema,
      { report, signal },
    );
    const deployed_at = new Date(releases.now()).toISOString();
    return { release: { version, deployed_at, bundle_hash: hash, ...staged }, leftOut };
  } catch (error) {
    await rm(layout.release(version), { recursive: true, force: true });
    throw error;
  } finally {
    // What npm was writing when it was ended may come in between.
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
};
