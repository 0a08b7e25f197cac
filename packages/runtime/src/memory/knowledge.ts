import { realpath } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";
import { createDocumentReader, markdownOf, type ReadingLimits } from "@muxi/documents";
import {
  type AgentDefinition,
  type DocumentFile,
  type KnowledgeConfig,
  type KnowledgeSource,
  knowledgeFiles,
} from "@muxi/formation";
import type { Logger } from "pino";
import { createWordIndex, type WordIndex, wordsToFind } from "../text/index.ts";

/** A piece of a document. */
export interface DocumentPassage {
  text: string;
  /** File, relative to the formation. */
  source: string;
}

/**
 * The documents of each agent, split into passages and searchable by words (docs/spec/formation-files.md "Knowledge").
 */
export interface Knowledge {
  /** The passages of an agent that match a message best, best first. */
  search(agentId: string, message: string, limit: number): DocumentPassage[];
  /** Resolves when every document is indexed. */
  readonly ready: Promise<void>;
}

/** What reading one document may take: they are the formation's own, so more than a file of a message. */
const limits: ReadingLimits = {
  milliseconds: 60_000,
  memory: 768 * 2 ** 20,
  unpacked: 256 * 2 ** 20,
  pages: 5_000,
  characters: 10_000_000,
};

/**
 * Splits a document into passages: at headings and blank lines, and within a paragraph only where it is longer than a
 * passage. Each passage begins with the heading that it stands under.
 *
 * @param size Longest passage in characters, without its heading.
 */
export const passagesOf = (document: string, size: number): string[] => {
  const passages: string[] = [];
  let heading = "";
  let current = "";
  const push = () => {
    if (current !== "") passages.push(heading === "" ? current : `${heading}\n${current}`);
    current = "";
  };
  for (const block of document.replaceAll("\r\n", "\n").split(/\n\s*\n|(?=^#{1,6} )/m)) {
    const titled = /^#{1,6} ([^\n]*)\n?([\s\S]*)$/.exec(block.trim());
    if (titled) {
      push();
      heading = titled[1] ?? "";
    }
    const body = titled?.[2] ?? block.trim();
    for (const piece of body.length > size ? (body.match(/[\s\S]+?(?:[.!?]\s+|\n|$)/g) ?? []) : [body]) {
      if (current.length + piece.length > size) push();
      for (let rest = piece; rest !== ""; rest = rest.slice(size)) {
        current += (current === "" || piece !== body ? "" : "\n") + rest.slice(0, size);
        if (rest.length > size) push();
      }
    }
  }
  push();
  return passages.map((passage) => passage.trim()).filter((passage) => passage !== "");
};

/** An agent's knowledge, and the real path of the formation folder. */
interface AgentKnowledge {
  root: string;
  agent: string;
  config: KnowledgeConfig;
}

/** Starts to index the agents' documents. Until that is done, a search finds what has been indexed so far. */
export const openKnowledge = (deps: {
  dir: string;
  agents: readonly AgentDefinition[];
  log: Logger;
}): Knowledge => {
  const { log } = deps;
  const reader = createDocumentReader(limits);
  const indexes = new Map<string, WordIndex<DocumentPassage>>();

  const addFile = async (
    index: WordIndex<DocumentPassage>,
    { file: source, format }: DocumentFile,
    { root, agent, config }: AgentKnowledge,
  ) => {
    const reading = await reader.read({ file: path.join(root, source), name: source, format });
    if ("failure" in reading) {
      log.warn({ agent, source, ...reading.failure }, "document is not read");
      return;
    }
    const { document } = reading;
    for (const { part, ...failure } of document.unread) {
      log.warn({ agent, source: `${source}/${part}`, ...failure }, "document is not read");
    }
    if (document.isCut) log.warn({ agent, source }, "document is too long: only its beginning is read");
    for (const text of passagesOf(markdownOf(document), config.chunk_size)) index.add({ text, source });
    // Requests get their turn between two files.
    await nextTick();
  };

  const addSource = async (
    index: WordIndex<DocumentPassage>,
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
      const index = createWordIndex<DocumentPassage>(({ text }) => text);
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

  return {
    search: (agentId, message, limit) => indexes.get(agentId)?.search(wordsToFind(message), limit) ?? [],
    ready: load()
      .catch((error) => {
        log.error({ err: error }, "knowledge could not be read");
      })
      .finally(() => reader.close()),
  };
};
