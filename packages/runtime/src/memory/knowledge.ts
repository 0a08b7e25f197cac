import { readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";
import {
  type AgentDefinition,
  type KnowledgeConfig,
  type KnowledgeSource,
  resolveInside,
} from "@muxi/formation";
import type { Logger } from "pino";
import { createWordIndex, type WordIndex } from "../text/index.ts";

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
  /** The passages of an agent that match some words best, best first. */
  search(agentId: string, words: readonly string[], limit: number): DocumentPassage[];
  /** Resolves when every document is indexed. */
  readonly ready: Promise<void>;
}

const readable = new Set([".md", ".markdown", ".txt"]);

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

async function* filesOf(root: string, source: KnowledgeSource): AsyncGenerator<string> {
  if (source.path === undefined) throw new Error(`only sources with a path are read, not ${source.url}`);
  const place = path.join(root, source.path);
  if ((await stat(place)).isFile()) {
    yield place;
    return;
  }
  const entries = await readdir(place, { withFileTypes: true, recursive: source.recursive });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  let left = source.file_limit;
  for (const file of files.sort()) {
    if (left === 0) return;
    const extension = path.extname(file).toLowerCase();
    if (source.allowed_extensions && !source.allowed_extensions.includes(extension)) continue;
    left -= 1;
    yield file;
  }
}

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
    file: string,
    config: KnowledgeConfig,
  ) => {
    const source = path.relative(root, file);
    if (!readable.has(path.extname(file).toLowerCase())) {
      log.warn({ file: source }, "knowledge file skipped: only Markdown and text are read");
      return;
    }
    const real = await resolveInside(root, source);
    if (real === undefined) {
      log.warn({ file: source }, "knowledge file skipped: a link leads out of the formation's folder");
      return;
    }
    const { size } = await stat(real);
    if (size > config.max_file_size) {
      log.warn(
        { file: source, size, limit: config.max_file_size },
        "knowledge file skipped: it is too large",
      );
      return;
    }
    for (const text of passagesOf(await readFile(real, "utf8"), config.chunk_size))
      index.add({ text, source });
    // Requests get their turn between two files.
    await nextTick();
  };

  const load = async () => {
    const root = await realpath(deps.dir);
    for (const agent of deps.agents) {
      if (!agent.knowledge?.enabled) continue;
      const index = createWordIndex<DocumentPassage>(({ text }) => text);
      indexes.set(agent.id, index);
      for (const source of agent.knowledge.sources) {
        try {
          for await (const file of filesOf(root, source)) await addFile(index, root, file, agent.knowledge);
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
    search: (agentId, words, limit) => indexes.get(agentId)?.search(words, limit) ?? [],
    ready: load().catch((error) => {
      log.error({ err: error }, "knowledge could not be read");
    }),
  };
};
