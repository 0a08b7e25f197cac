import { realpath } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay, setImmediate as nextTick } from "node:timers/promises";
import { createDocumentReader, type DocumentPassage, passagesOf, type ReadingLimits } from "@muxi/documents";
import {
  type AgentDefinition,
  type DocumentFile,
  type KnowledgeConfig,
  type KnowledgeSource,
  knowledgeFiles,
} from "@muxi/formation";
import type { Logger } from "pino";
import { createWordIndex, type WordIndex, wordsToFind } from "../text/index.ts";

/** A passage of a document. */
export interface KnowledgePassage extends DocumentPassage {
  /** File, relative to the formation. */
  source: string;
}

/** Where a passage is from, in words that users understand: the file, and the page, slide or sheet. */
export const placeOf = ({ source, part, page, slide, sheet }: KnowledgePassage): string =>
  [
    part === undefined ? source : `${source}/${part}`,
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(slide === undefined ? [] : [`slide ${slide}`]),
    ...(sheet === undefined ? [] : [`sheet ${sheet}`]),
  ].join(", ");

/**
 * The documents of each agent, split into passages and searchable by words (docs/spec/formation-files.md "Knowledge").
 */
export interface Knowledge {
  /**
   * The passages of an agent that match a message best, best first. Shortly after the start it waits for the documents;
   * later it finds what is indexed.
   */
  search(agentId: string, message: string, limit: number): Promise<KnowledgePassage[]>;
  /** Resolves when every document is indexed. */
  readonly ready: Promise<void>;
  /** Stops to read documents. */
  close(): Promise<void>;
}

/** What reading one document may take: they are the formation's own, so more than a file of a message. */
const limits: ReadingLimits = {
  milliseconds: 60_000,
  memory: 768 * 2 ** 20,
  unpacked: 256 * 2 ** 20,
  pages: 5_000,
  characters: 10_000_000,
};

/** Milliseconds after the start for which searches wait until all is indexed. */
const longestWait = 5_000;
/** Milliseconds of indexing after which requests get their turn. */
const longestTurn = 10;

/** What a passage is found by: its text, and what stands above it. */
const searchedText = ({ title = "", headings, text }: KnowledgePassage): string =>
  [...new Set([title, ...headings.slice(0, -1)]), text].join("\n");

/** An agent's knowledge, and the real path of the formation folder. */
interface AgentKnowledge {
  root: string;
  agent: string;
  config: KnowledgeConfig;
}

/** Starts to index the agents' documents. */
export const openKnowledge = (deps: {
  dir: string;
  agents: readonly AgentDefinition[];
  log: Logger;
}): Knowledge => {
  const { log } = deps;
  const reader = createDocumentReader(limits);
  let isClosed = false;
  const indexes = new Map<string, WordIndex<KnowledgePassage>>();

  const addFile = async (
    index: WordIndex<KnowledgePassage>,
    { file: source, format }: DocumentFile,
    { root, agent, config }: AgentKnowledge,
  ) => {
    if (isClosed) return;
    const reading = await reader.read({ file: path.join(root, source), name: source, format });
    if (isClosed) return;
    if ("failure" in reading) {
      log.warn({ agent, source, ...reading.failure }, "document is not read");
      return;
    }
    const { document } = reading;
    for (const { part, ...failure } of document.unread) {
      log.warn({ agent, source: `${source}/${part}`, ...failure }, "document is not read");
    }
    if (document.isCut) log.warn({ agent, source }, "document is too long: only its beginning is read");
    const { chunk_size: size, overlap, chunking } = config;
    let begun = performance.now();
    for (const passage of passagesOf(document, { strategy: chunking.strategy, size, overlap })) {
      index.add({ ...passage, source });
      if (performance.now() - begun < longestTurn) continue;
      await nextTick();
      begun = performance.now();
    }
    await nextTick();
  };

  const addSource = async (
    index: WordIndex<KnowledgePassage>,
    source: KnowledgeSource,
    of: AgentKnowledge,
  ) => {
    // Of sources that are not read, and files that are left out, the validation report warns.
    if (source.path === undefined) return;
    const { files } = await knowledgeFiles(of.root, source, of.config);
    for (const file of files) await addFile(index, file, of);
  };

  const load = async () => {
    const root = await realpath(deps.dir);
    for (const { id: agent, knowledge: config } of deps.agents) {
      if (!config?.enabled) continue;
      const index = createWordIndex(searchedText);
      indexes.set(agent, index);
      for (const source of config.sources) {
        try {
          await addSource(index, source, { root, agent, config });
        } catch (error) {
          log.warn({ err: error, agent, source: source.path }, "knowledge source could not be read");
        }
      }
      log.info({ agent, passages: index.size }, "knowledge ready");
    }
  };

  const ready = load()
    .catch((error) => {
      log.error({ err: error }, "knowledge could not be read");
    })
    .finally(() => reader.close());
  const begun = Promise.race([ready, delay(longestWait, undefined, { ref: false })]);

  return {
    async search(agentId, message, limit) {
      await begun;
      return indexes.get(agentId)?.search(wordsToFind(message), limit) ?? [];
    },
    ready,
    async close() {
      isClosed = true;
      await reader.close();
      await ready;
    },
  };
};
