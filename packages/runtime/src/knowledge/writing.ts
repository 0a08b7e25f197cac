import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { setImmediate as nextTick } from "node:timers/promises";
import {
  type createDocumentReader,
  type DocumentPassage,
  type Format,
  mayNeedUnderstanding,
  type Understanding,
} from "@muxi/documents";
import { isSystemError, type KnowledgeConfig } from "@muxi/formation";
import type { Logger } from "pino";
import { canonicalJson } from "../base/index.ts";
import {
  type DigestedPassage,
  type DocumentWord,
  type KnowledgeDocument,
  type KnowledgeRepository,
  type KnowledgeVectorRepository,
  passagesOfOne,
} from "../store/index.ts";
import { wordsVersion } from "../text/index.ts";
import { createDocumentWords } from "./document-words.ts";
import { passageKey } from "./key.ts";
import { shortDigest } from "./origin.ts";
import { searchedText } from "./searched-text.ts";
import { keepingTurn } from "./turns.ts";

/** What passages are made by: who changes what a document becomes counts it up. */
const indexVersion = 3;
/** Rows that are written in one transaction: a millisecond or two, in which SQLite does nothing else. */
const passagesAtOnce = 50;
const wordsAtOnce = 500;
/** Milliseconds of work after which requests get their turn. */
const longestTurn = 10;

/** What one agent is to know. */
export interface AgentKnowledge {
  agent: string;
  config: KnowledgeConfig;
  /** The number of its knowledge. */
  seq: number;
}

export interface WritingDeps {
  stored: KnowledgeRepository;
  vectors: KnowledgeVectorRepository;
  reader: ReturnType<typeof createDocumentReader>;
  understanding: Understanding;
  /** Keeps the turn to write. @throws Error when another process has it. */
  keepTurn(): Promise<void>;
  now: () => number;
  log: Logger;
}

/** A document as a file on this machine. */
export interface DocumentToWrite {
  /** What it is called, for users. */
  source: string;
  /** Path of its file. */
  file: string;
  format: Format;
  digest: string;
  /** Of a document from elsewhere: its source, and by what to tell whether it has changed. */
  from?: Pick<KnowledgeDocument, "origin" | "version">;
}

/** Who understands what, but for which model does: another one reads nothing anew. */
const kindOf = ({ pictures, recordings }: Understanding): string[] => [
  typeof pictures === "function" ? "model" : Object.keys(pictures?.languages ?? {}).join("+"),
  recordings ? "model" : "",
];

/** All that makes passages of a document, but for its content. */
export const settingsOf = (
  { chunk_size, overlap, chunking }: KnowledgeConfig,
  understanding: Understanding,
): string =>
  canonicalJson([indexVersion, wordsVersion, chunk_size, overlap, chunking, ...kindOf(understanding)]);

/** Of the content of a file and of all that makes passages of it. */
export const digestOf = async (
  { file, format }: Pick<DocumentToWrite, "file" | "format">,
  config: KnowledgeConfig,
  understanding: Understanding,
): Promise<string> => {
  const digest = createHash("sha256");
  digest.update(settingsOf(config, mayNeedUnderstanding(format) ? understanding : {}));
  for await (const piece of createReadStream(file)) digest.update(piece);
  return digest.digest("base64url");
};

/** When a file was changed, in Unix milliseconds; 0 where it is gone already. */
const changeOf = async (file: string): Promise<number> => {
  const stats = await stat(file).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  });
  return Math.floor(stats?.mtimeMs ?? 0);
};

/** Writes documents of an agent, a little at a time. */
export interface DocumentWriter {
  /**
   * Reads and stores a document in place of what there was of it.
   *
   * @returns The number of its passages; undefined when it cannot be read.
   */
  write(document: DocumentToWrite): Promise<number | undefined>;
  /** Deletes the rows of a document that no search sees. */
  clear(seq: number): Promise<void>;
  /** Says in the log why a document is not read. */
  tell(source: string, failure: object): void;
}

/** What could not be understood for now is read again when its source is looked at again. */
const isForNow = (failures: readonly { code: string }[]): boolean =>
  failures.some(({ code }) => code === "unavailable");

export const createDocumentWriter = (
  { stored, vectors, reader, keepTurn, now, log }: WritingDeps,
  { agent, config, seq: knowledge }: AgentKnowledge,
  signal: AbortSignal,
): DocumentWriter => {
  const clear = async (seq: number) => {
    while (await stored.clear(seq)) {
      signal.throwIfAborted();
      await keepTurn();
    }
  };

  /** Writes a document's passages and words behind what searches see. */
  const writingTo = (seq: number, source: string) => {
    const words = createDocumentWords(config.chunk_size);
    let count = 0;
    let part: Parameters<typeof stored.add>[1]["passages"][number][] = [];
    let listed: DocumentWord[] = [];
    let digested: DigestedPassage[] = [];
    const flush = async () => {
      signal.throwIfAborted();
      await keepTurn();
      await stored.add({ knowledge, seq }, { passages: part, words: listed });
      // What stands in the document as before has its vectors when it is seen.
      if (digested.length > 0) await vectors.reuse(knowledge, digested);
      part = [];
      digested = [];
      listed = [];
    };
    return {
      count: () => count,
      async add(passages: readonly DocumentPassage[]) {
        let begun = performance.now();
        for (const passage of passages) {
          if (count === passagesOfOne) return;
          words.add(passage);
          const { text, ...place } = passage;
          const id = seq * passagesOfOne + count;
          part.push({ id, key: passageKey(source, passage), content: text, place: JSON.stringify(place) });
          digested.push({ id, digest: shortDigest(searchedText(passage)) });
          count += 1;
          if (part.length >= passagesAtOnce) await flush();
          if (performance.now() - begun < longestTurn) continue;
          await nextTick();
          begun = performance.now();
        }
      },
      /** Writes the words, which are known when all passages are there. */
      async finish() {
        for (const word of words.rows()) {
          listed.push(word);
          if (listed.length >= wordsAtOnce) await flush();
        }
        if (part.length + listed.length > 0) await flush();
      },
    };
  };

  const tell = (source: string, failure: object) =>
    log.warn({ agent, source, ...failure }, "document is not read");

  const write = async ({
    source,
    file,
    format,
    digest,
    from: { origin, version } = { origin: "", version: null },
  }: DocumentToWrite): Promise<number | undefined> => {
    const changedAt = await changeOf(file);
    const begin = () => stored.begin(knowledge, { source, origin, version, changedAt, now: now() });
    const { chunk_size: size, overlap, chunking } = config;
    const settings = { strategy: chunking.strategy, size, overlap };
    const seq = await begin();
    const passages = writingTo(seq, source);
    const reading = await keepingTurn(
      reader.readPassages({ file, name: source, format }, settings, passages.add),
      keepTurn,
    );
    signal.throwIfAborted();
    if ("failure" in reading) {
      const { failure } = reading;
      tell(source, failure);
      // What was written of it before must not be found by its words.
      if (passages.count() > 0) await clear(seq);
      const unread = passages.count() > 0 ? await begin() : seq;
      const result = { digest: isForNow([failure]) ? "" : digest, failure: JSON.stringify(failure) };
      await stored.publish({ knowledge, seq: unread, source, origin }, result);
      return undefined;
    }
    const { document } = reading;
    for (const { part, ...failure } of document.unread) tell(`${source}/${part}`, failure);
    if (document.isCut) log.warn({ agent, source }, "document is too long: only its beginning is read");
    await passages.finish();
    const count = passages.count();
    const result = { digest: isForNow(document.unread) ? "" : digest, passages: count };
    await stored.publish({ knowledge, seq, source, origin }, result);
    return count;
  };

  return { write, clear, tell };
};
