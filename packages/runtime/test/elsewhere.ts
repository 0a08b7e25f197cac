// Formations that know what is elsewhere.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { knowingAgents, openKnowledge } from "../src/knowledge/knowledge.ts";
import { openSourceSyncs } from "../src/sources/syncs.ts";
import { createStore, type Database } from "../src/store/index.ts";
import { noEmbedders } from "./embedders.ts";
import { emptyDatabase } from "./processes.ts";

/** Writes a formation whose agent `one` has some sources. */
export const writeKnowing = async (sources: readonly string[], settings = ""): Promise<string> => {
  const dir = path.join(temporaryFolder(), "formation");
  await mkdir(dir, { recursive: true });
  await configureKnowing(dir, sources, settings);
  return dir;
};

export const configureKnowing = (dir: string, sources: readonly string[], settings = "") =>
  writeFile(
    path.join(dir, "formation.afs"),
    `schema: "1.0.0"\nid: cellar\ndescription: Knows the cellar\nagents:\n` +
      `  - { id: one, name: N, description: D, knowledge: { ${settings} sources: [${sources.map((each) => `{ ${each} }`).join(", ")}] } }\n`,
  );

interface OpenOptions {
  database?: Database;
  now?: () => number;
  allowLoopback?: boolean;
}

/** Opens what a formation knows, and waits until each source was looked at once. */
export const openKnowing = async (dir: string, options: OpenOptions = {}) => {
  const { database = await (await emptyDatabase())(), now = Date.now, allowLoopback = true } = options;
  if (!options.database) onTestFinished(() => database.close());
  const { formation, report } = await loadFormation(dir);
  if (!formation) throw new Error(`the formation is not valid: ${JSON.stringify(report.errors)}`);
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const { knowledge: stored, knowledgeSources: sources, knowledgeVectors: vectors } = createStore(database);
  const policy = { allowLoopback, allowPrivate: false };
  const agents = knowingAgents(formation);
  const elsewhere = openSourceSyncs({
    understandingOf: () => ({}),
    ...{ formation, agents, stored, vectors, sources, policy, zone: "UTC", env: {}, now, log },
  });
  const knowledge = openKnowledge({
    ...{ formation, stored, vectors, embedders: noEmbedders, elsewhere, now, log },
  });
  onTestFinished(() => knowledge.close());
  await elsewhere.begun;
  const find = async (text: string) =>
    (await knowledge.search("one", text, { limit: 5 })).map((passage) => passage.text);
  const messages = () => lines.filter(({ level }) => level === 40);
  return { knowledge, database, find, warnings: messages, lines };
};

/** Has the sources of the agent looked at again; what came of the first one. */
export const syncAgain = async (
  { knowledge }: Awaited<ReturnType<typeof openKnowing>>,
  anew: string[] = [],
) => {
  const { sources, gone } = await (await knowledge.ask("one", anew)).result;
  const { source: _, ...result } = sources[0] ?? {};
  return { ...result, gone };
};
