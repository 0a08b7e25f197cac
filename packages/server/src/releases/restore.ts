import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { formationIdPattern } from "@muxi/protocol";
import { removeUnfinished } from "../base/durable.ts";
import { layoutOf } from "../base/layout.ts";
import { removeDeployed } from "./deploy.ts";
import { readHistory, removeUnused, setLinks } from "./history.ts";
import { deletedPrefix } from "./lifecycle.ts";
import type { RegistryRecord } from "./registry.ts";
import { layoutFor, type Releases, specOf } from "./releases.ts";

/**
 * Loads the deployed formations, and cleans up what a killed server left unfinished: the formations' version files
 * are the truth, and everything else is derived from them.
 */
export const loadDeployments = async (releases: Releases): Promise<void> => {
  const { settings, deployments, log } = releases;
  await rm(settings.temporaryDirectory, { recursive: true, force: true });
  for (const folder of [settings.temporaryDirectory, settings.formationsDirectory]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await removeUnfinished(settings.dataDirectory);
  const entries = await readdir(settings.formationsDirectory, { withFileTypes: true });
  for (const entry of entries) {
    const { name: id } = entry;
    if (id.startsWith(deletedPrefix)) {
      await rm(join(settings.formationsDirectory, id), { recursive: true, force: true });
    }
    if (!entry.isDirectory() || !formationIdPattern.test(id)) continue;
    const layout = layoutFor(releases, id);
    await removeUnfinished(layout.root);
    try {
      const history = await readHistory(layout);
      if (history) {
        await setLinks(layout, history);
        await removeUnused(layout, history);
        deployments.set(id, { id, history });
      } else await removeDeployed(layout);
    } catch (error) {
      log.error(
        { formation: id, err: error },
        `formation ignored: ${join(layout.root, "version.json")} cannot be read`,
      );
    }
  }
};

/**
 * Starts what was running when the last server ended, on the same ports if they are free (docs/spec/server-api.md
 * "Restart of the server").
 */
export const restoreProcesses = (
  { deployments, supervisor, settings }: Releases,
  known: readonly RegistryRecord[],
): void => {
  const records = new Map(known.map((record) => [record.id, record]));
  for (const { id, history } of deployments.values()) {
    if (!history) continue;
    const { ports = [], restart_count: restarts = 0, status } = records.get(id) ?? {};
    const spec = specOf(layoutOf(settings.formationsDirectory, id), history.current);
    if (status === "stopped") supervisor.hold(spec, ports, restarts);
    else supervisor.restore(spec, ports, restarts);
  }
};
