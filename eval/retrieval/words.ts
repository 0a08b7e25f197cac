import { writeFile } from "node:fs/promises";
import path from "node:path";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { createNearWords, openKnowledge } from "../../packages/runtime/src/knowledge/index.ts";
import { createStore, openSqlite } from "../../packages/runtime/src/store/index.ts";
import { noEmbedders } from "../../packages/runtime/test/embedders.ts";
import type { Way } from "./measure.ts";

const agent = "reader";

const manifest = `schema: "1.0.0"
id: retrieval
description: Knows all documents
agents:
  - id: ${agent}
    name: Reader
    description: Knows all documents
    knowledge: { sources: [{ path: documents, recursive: true, file_limit: 1000 }] }
`;

/** So many passages that there are ten documents among them. */
export const mostPassages = 100;

/**
 * The search of a formation without an embedding model: its knowledge, read from a folder whose documents are in
 * `documents`.
 */
export const openWords = async (dir: string, { hasNearWords }: { hasNearWords: boolean }): Promise<Way> => {
  await writeFile(path.join(dir, "formation.afs"), manifest);
  const { formation } = await loadFormation(dir);
  const log = pino({ level: "warn" }, pino.destination(2));
  if (!formation) throw new Error("the formation of the documents is not valid");
  const store = createStore(openSqlite(path.join(dir, "memory.db")));
  const knowledge = openKnowledge({
    formation,
    stored: store.knowledge,
    vectors: store.knowledgeVectors,
    embedders: noEmbedders,
    nearWords: hasNearWords ? createNearWords((name) => import(name)) : undefined,
    now: Date.now,
    log,
  });
  await knowledge.ready;
  return {
    name: hasNearWords ? "words and near words" : "words",
    async find({ question }) {
      const found = await knowledge.search(agent, question, {
        limit: mostPassages,
        tokens: Number.POSITIVE_INFINITY,
      });
      return [...new Set(found.map(({ source }) => path.posix.relative("documents", source)))];
    },
    async close() {
      await knowledge.close();
      await store.close();
    },
  };
};
