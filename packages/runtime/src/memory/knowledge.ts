import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";
import {
  type AgentDefinition,
  type DocumentExtension,
  type DocumentFile,
  decodeText,
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

/** What makes text of a document. The compiler asks for each ending that formations may use. */
export const documentReaders: Readonly<Record<DocumentExtension, (bytes: Buffer) => string>> = {
  ".md": decodeText,
  ".markdown": decodeText,
  ".txt": decodeText,
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

/** Starts to index the agents' documents. Until that is done, a search finds what has been indexed so far. */
export const openKnowledge = (deps: {
  dir: string;
  agents: readonly AgentDefinition[];
  log: Logger;
}): Knowledge => {
  const { log } = deps;
  const indexes = new Map<string, WordIndex<DocumentPassage>>();

  const addFile = async (
    index: WordIndex<DocumentPassage>,
    root: string,
    { file: source, extension }: DocumentFile,
    config: KnowledgeConfig,
  ) => {
    const text = documentReaders[extension](await readFile(path.join(root, source)));
    for (const passage of passagesOf(text, config.chunk_size)) index.add({ text: passage, source });
    // Requests get their turn between two files.
    await nextTick();
  };

  const addSource = async (
    index: WordIndex<DocumentPassage>,
    root: string,
    source: KnowledgeSource,
    config: KnowledgeConfig,
  ) => {
    // Of sources that are not read, and files that are left out, the validation report warns.
    if (source.path === undefined) return;
    const { files } = await knowledgeFiles(root, source, config);
    for (const file of files) await addFile(index, root, file, config);
  };

  const load = async () => {
    const root = await realpath(deps.dir);
    for (const agent of deps.agents) {
      if (!agent.knowledge?.enabled) continue;
      const index = createWordIndex<DocumentPassage>(({ text }) => text);
      indexes.set(agent.id, index);
      for (const source of agent.knowledge.sources) {
        try {
          await addSource(index, root, source, agent.knowledge);
        } catch (error) {
          log.warn(
            { err: error, agent: agent.id, source: source.path },
            "knowledge source could not be read",
          );
        }
      }
      log.info({ agent: agent.id, passages: index.size }, "knowledge ready");
    }
  };

  return {
    search: (agentId, message, limit) => indexes.get(agentId)?.search(wordsToFind(message), limit) ?? [],
    ready: load().catch((error) => {
      log.error({ err: error }, "knowledge could not be read");
    }),
  };
};
