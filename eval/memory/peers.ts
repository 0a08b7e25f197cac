import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Way } from "./measure.ts";
import { dimensions, embed, type Found, factsIn, type Key, type Shown } from "./scripted.ts";

const folder = path.join(import.meta.dirname, "peers");

export const installPeers = (): void => {
  execFileSync("npm", ["ci", "--ignore-scripts", "--legacy-peer-deps", "--prefix", folder], {
    stdio: "inherit",
  });
};

interface PeerModule {
  openPeers(model: {
    factsIn(shown: readonly Shown[], today: string): Found[];
    embed(text: string): number[];
    dimensions: number;
  }): Way[];
}

/** The memories of other packages with the same model, or none of them before they are installed. */
export const openPeers = async (key: Key): Promise<Way[]> => {
  if (!existsSync(path.join(folder, "node_modules"))) return [];
  // Read while it is imported: nothing is to be sent to anybody.
  process.env.MEM0_TELEMETRY = "false";
  process.env.MASTRA_TELEMETRY_DISABLED = "1";
  const { openPeers: open }: PeerModule = await import(pathToFileURL(path.join(folder, "ways.js")).href);
  return open({ factsIn: (shown, today) => factsIn(key, shown, today), embed, dimensions });
};
