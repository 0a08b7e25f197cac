import path from "node:path";
import { type DocumentFile, knowledgeFiles } from "@muxi/formation";
import type { KnowledgeDocument } from "../store/index.ts";
import { type AgentKnowledge, createDocumentWriter, digestOf, type WritingDeps } from "./writing.ts";

/** Milliseconds after which the log tells how far it is. */
const reportEvery = 5_000;

export interface IndexingDeps extends WritingDeps {
  /** The real path of the formation folder. */
  root: string;
}

/** What came of the documents of an agent. */
export interface IndexingResult {
  /** Documents that are known, those among them that were read just now, those that cannot be read, and those that went. */
  documents: number;
  read: number;
  unread: number;
  gone: number;
}

/** Brings what is stored of an agent's documents to what its sources have now: what has not changed is not read again. */
export const indexAgent = async (
  { root, stored, reader, keepTurn, now, log }: IndexingDeps,
  of: AgentKnowledge,
  signal: AbortSignal,
): Promise<IndexingResult> => {
  const { agent, config, seq: knowledge } = of;
  const { write, clear, tell } = createDocumentWriter({ stored, reader, keepTurn, now, log }, of, signal);
  const files = new Map<string, DocumentFile>();
  for (const source of config.sources) {
    // Of sources that are not read, and files that are left out, the validation report warns.
    if (source.path === undefined) continue;
    try {
      const found = await knowledgeFiles(root, source, config);
      for (const file of found.files) files.set(file.file, file);
    } catch (error) {
      log.warn({ err: error, agent, source: source.path }, "knowledge source could not be read");
    }
  }

  const result: IndexingResult = { documents: files.size, read: 0, unread: 0, gone: 0 };
  const known = await stored.documents(knowledge);
  // What a process that ended was writing or deleting.
  for (const { seq, state } of known) if (state === "writing" || state === "leaving") await clear(seq);
  const standing = known.filter(({ state }) => state === "ready" || state === "unread");
  const bySource = new Map<string, KnowledgeDocument[]>();
  for (const document of standing) {
    bySource.set(document.source, [...(bySource.get(document.source) ?? []), document]);
  }

  let reported = performance.now();
  let looked = 0;
  for (const [source, file] of files) {
    signal.throwIfAborted();
    await keepTurn();
    looked += 1;
    const before = bySource.get(source) ?? [];
    const place = path.join(root, source);
    const digest = await digestOf(place, config).catch((error: NodeJS.ErrnoException) => {
      tell(source, { code: "broken", reason: `it cannot be opened (${error.code})` });
    });
    if (digest === undefined) {
      result.unread += 1;
      continue;
    }
    const same = before.find((document) => document.digest === digest);
    if (!same) {
      const isRead = await write({ source, file: place, format: file.format, digest });
      result[isRead ? "read" : "unread"] += 1;
      for (const { seq } of before) await clear(seq);
    } else if (same.failure !== null) {
      tell(source, JSON.parse(same.failure));
      result.unread += 1;
    }
    if (performance.now() - reported < reportEvery) continue;
    reported = performance.now();
    log.info({ agent, looked, of: files.size }, "documents are being indexed");
  }

  for (const { seq, source } of standing) {
    if (files.has(source)) continue;
    await stored.withdraw({ knowledge, seq });
    await clear(seq);
    result.gone += 1;
  }
  return result;
};
