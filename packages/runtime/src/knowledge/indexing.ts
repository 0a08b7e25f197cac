import path from "node:path";
import { type DocumentFile, knowledgeFiles, sourceId, systemCode } from "@muxi/formation";
import type { KnowledgeDocument } from "../store/index.ts";
import { originOf } from "./origin.ts";
import { type AgentKnowledge, createDocumentWriter, digestOf, type WritingDeps } from "./writing.ts";

/** Milliseconds after which the log tells how far it is. */
const reportEvery = 5_000;
/** Milliseconds after which it is noted for those who ask. */
const noteEvery = 500;

export interface IndexingDeps extends WritingDeps {
  /** The real path of the formation folder. */
  root: string;
}

/** What came of the documents of a source. */
export interface SourceResult {
  source: string;
  /** Documents that are known, those among them that were read just now, and those that cannot be read. */
  documents: number;
  read: number;
  unread: number;
  passages: number;
  /** Why it could not be looked at. */
  failure?: string;
}

/** What came of the documents of an agent. */
export interface IndexingResult {
  sources: SourceResult[];
  /** Documents that went. */
  gone: number;
}

/**
 * Brings what is stored of an agent's documents to what its sources have now: what has not changed is not read again, but
 * for what is to be read anew.
 *
 * @param anew The sources whose documents are all read.
 */
export const indexAgent = async (
  { root, ...deps }: IndexingDeps,
  of: AgentKnowledge,
  anew: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<IndexingResult> => {
  const { stored, understanding, keepTurn, log } = deps;
  const { agent, config, seq: knowledge } = of;
  const { write, clear, tell } = createDocumentWriter(deps, of, signal);
  const files = new Map<string, DocumentFile & { result: SourceResult }>();
  const sources: SourceResult[] = [];
  // What is in a source that cannot be looked at now is not gone.
  let isComplete = true;
  for (const source of config.sources) {
    // Of sources that are not read, and files that are left out, the validation report warns.
    if (source.path === undefined) continue;
    const result: SourceResult = {
      source: sourceId(source),
      documents: 0,
      read: 0,
      unread: 0,
      passages: 0,
    };
    sources.push(result);
    try {
      const found = await knowledgeFiles(root, source, config);
      const own = found.files.filter(({ file }) => !files.has(file));
      for (const file of own) files.set(file.file, { ...file, result });
      result.documents = own.length;
    } catch (error) {
      log.warn({ err: error, agent, source: source.path }, "knowledge source could not be read");
      const code = systemCode(error);
      if (code === undefined) throw error;
      const remedy =
        code === "ENOENT"
          ? "put it into the formation's folder, or correct its path"
          : "see that the formation may read it";
      result.failure = `${source.path} could not be looked at (${code}): ${remedy}`;
      isComplete &&= code === "ENOENT";
    }
  }
  const expired = [...files.values()].flatMap(({ file, result }) => (anew.has(result.source) ? [file] : []));
  if (expired.length > 0) await stored.expire(knowledge, expired);

  // Of sources elsewhere, only those that the agent no longer has: with no file of their name, they go.
  const elsewhere = config.sources.map(originOf).filter((origin) => origin !== "");
  await stored.forgetSources(knowledge, elsewhere);
  const known = (await stored.documents(knowledge)).filter(({ origin }) => !elsewhere.includes(origin));
  // What a process that ended was writing or deleting.
  for (const { seq, state } of known) if (state === "writing" || state === "leaving") await clear(seq);
  const standing = known.filter(({ state }) => state === "ready" || state === "unread");
  const bySource = new Map<string, KnowledgeDocument[]>();
  for (const document of standing) {
    bySource.set(document.source, [...(bySource.get(document.source) ?? []), document]);
  }

  let reported = performance.now();
  let noted = Number.NEGATIVE_INFINITY;
  let looked = 0;
  for (const [source, { format, result }] of files) {
    signal.throwIfAborted();
    await keepTurn();
    if (performance.now() - noted >= noteEvery) {
      noted = performance.now();
      await stored.note(knowledge, { looked, found: files.size });
    }
    looked += 1;
    const before = bySource.get(source) ?? [];
    const place = path.join(root, source);
    const digest = await digestOf({ file: place, format }, config, understanding).catch(
      (error: NodeJS.ErrnoException) => {
        tell(source, { code: "broken", reason: `it cannot be opened (${error.code})` });
      },
    );
    if (digest === undefined) {
      result.unread += 1;
      continue;
    }
    const same = before.find((document) => document.digest === digest);
    if (same) {
      if (same.failure === null) result.passages += same.passages;
      else {
        tell(source, JSON.parse(same.failure));
        result.unread += 1;
      }
    } else {
      const passages = await write({ source, file: place, format, digest });
      if (passages === undefined) result.unread += 1;
      else {
        result.read += 1;
        result.passages += passages;
      }
      for (const { seq } of before) await clear(seq);
    }
    if (performance.now() - reported < reportEvery) continue;
    reported = performance.now();
    log.info({ agent, looked, of: files.size }, "documents are being indexed");
  }

  let gone = 0;
  for (const { seq, source } of isComplete ? standing : []) {
    if (files.has(source)) continue;
    await stored.withdraw({ knowledge, seq });
    await clear(seq);
    gone += 1;
  }
  return { sources, gone };
};
