import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";
import { type createDocumentReader, passagesOf } from "@muxi/documents";
import { type DocumentFile, type KnowledgeConfig, knowledgeFiles } from "@muxi/formation";
import type { Logger } from "pino";
import { canonicalJson } from "../base/index.ts";
import {
  type DocumentWord,
  type KnowledgeDocument,
  type KnowledgeRepository,
  passagesOfOne,
} from "../store/index.ts";
import { wordsVersion } from "../text/index.ts";
import { createDocumentWords } from "./document-words.ts";

/** What passages are made by: who changes what a document becomes counts it up. */
const indexVersion = 1;
/** Rows that are written in one transaction: a millisecond or two, in which SQLite does nothing else. */
const passagesAtOnce = 50;
const wordsAtOnce = 500;
/** Milliseconds of work after which requests get their turn. */
const longestTurn = 10;
/** Milliseconds after which the log tells how far it is. */
const reportEvery = 5_000;

/** What one agent is to know. */
export interface AgentKnowledge {
  agent: string;
  config: KnowledgeConfig;
  /** The number of its knowledge. */
  seq: number;
}

export interface IndexingDeps {
  /** The real path of the formation folder. */
  root: string;
  stored: KnowledgeRepository;
  reader: ReturnType<typeof createDocumentReader>;
  /** Keeps the turn to index. @throws Error when another process has it. */
  keepTurn(): Promise<void>;
  now: () => number;
  log: Logger;
}

/** What came of the documents of an agent. */
export interface IndexingResult {
  /** Documents that are known, those among them that were read just now, those that cannot be read, and those that went. */
  documents: number;
  read: number;
  unread: number;
  gone: number;
}

const digestOf = async (file: string, config: KnowledgeConfig): Promise<string> => {
  const { chunk_size, overlap, chunking } = config;
  const digest = createHash("sha256");
  digest.update(canonicalJson([indexVersion, wordsVersion, chunk_size, overlap, chunking]));
  for await (const piece of createReadStream(file)) digest.update(piece);
  return digest.digest("base64url");
};

/** Brings what is stored of an agent's documents to what its sources have now: what has not changed is not read again. */
export const indexAgent = async (
  { root, stored, reader, keepTurn, now, log }: IndexingDeps,
  { agent, config, seq: knowledge }: AgentKnowledge,
  signal: AbortSignal,
): Promise<IndexingResult> => {
  const clear = async (seq: number) => {
    while (await stored.clear(seq)) {
      signal.throwIfAborted();
      await keepTurn();
    }
  };

  /** Writes a document's passages and words behind what searches see. Gives the number of its passages. */
  const write = async (seq: number, passages: ReturnType<typeof passagesOf>): Promise<number> => {
    const words = createDocumentWords(config.chunk_size);
    let count = 0;
    let part: Parameters<typeof stored.add>[1]["passages"][number][] = [];
    let listed: DocumentWord[] = [];
    const flush = async () => {
      signal.throwIfAborted();
      await keepTurn();
      await stored.add({ knowledge, seq }, { passages: part, words: listed });
      part = [];
      listed = [];
    };
    let begun = performance.now();
    for (const passage of passages) {
      if (count === passagesOfOne) break;
      words.add(passage);
      const { text, ...place } = passage;
      part.push({ id: seq * passagesOfOne + count, content: text, place: JSON.stringify(place) });
      count += 1;
      if (part.length >= passagesAtOnce) await flush();
      if (performance.now() - begun < longestTurn) continue;
      await nextTick();
      begun = performance.now();
    }
    for (const word of words.rows()) {
      listed.push(word);
      if (listed.length >= wordsAtOnce) await flush();
    }
    if (part.length + listed.length > 0) await flush();
    return count;
  };

  const tell = (source: string, failure: object) =>
    log.warn({ agent, source, ...failure }, "document is not read");

  /** False when the document cannot be read. */
  const read = async ({ file: source, format }: DocumentFile, digest: string): Promise<boolean> => {
    const reading = await reader.read({ file: path.join(root, source), name: source, format });
    signal.throwIfAborted();
    const seq = await stored.begin(knowledge, { source, digest, now: now() });
    if ("failure" in reading) {
      tell(source, reading.failure);
      await stored.publish({ knowledge, seq, source }, { failure: JSON.stringify(reading.failure) });
      return false;
    }
    const { document } = reading;
    for (const { part, ...failure } of document.unread) tell(`${source}/${part}`, failure);
    if (document.isCut) log.warn({ agent, source }, "document is too long: only its beginning is read");
    const { chunk_size: size, overlap, chunking } = config;
    const passages = await write(seq, passagesOf(document, { strategy: chunking.strategy, size, overlap }));
    await stored.publish({ knowledge, seq, source }, { passages });
    return true;
  };

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
    const digest = await digestOf(path.join(root, source), config).catch((error: NodeJS.ErrnoException) => {
      tell(source, { code: "broken", reason: `it cannot be opened (${error.code})` });
    });
    if (digest === undefined) {
      result.unread += 1;
      continue;
    }
    const same = before.find((document) => document.digest === digest);
    if (!same) {
      const isRead = await read(file, digest);
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
