import { realpath } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { createDocumentReader, type ReadingLimits } from "@muxi/documents";
import type { Formation } from "@muxi/formation";
import type { Logger } from "pino";
import { isGone, newLeaseOwner } from "../background/index.ts";
import { createWorker } from "../base/index.ts";
import type { KnowledgeRepository } from "../store/index.ts";
import { indexAgent } from "./indexing.ts";
import type { KnowledgePassage, SearchOptions } from "./place.ts";
import { createKnowledgeSearch } from "./search.ts";
import type { AgentKnowledge } from "./writing.ts";

/**
 * The documents of each agent, split into passages and searchable by words (docs/spec/formation-files.md "Knowledge").
 */
export interface Knowledge {
  /**
   * The passages of an agent that fit a question best, best first. Shortly after the start it waits for the documents;
   * later it finds what is indexed.
   */
  search(agentId: string, question: string, options: SearchOptions): Promise<KnowledgePassage[]>;
  /** Resolves when every document is indexed, or it was closed. */
  readonly ready: Promise<void>;
  /** Stops to read documents. */
  close(): Promise<void>;
}

export interface KnowledgeDeps {
  formation: Pick<Formation, "id" | "dir" | "agents">;
  stored: KnowledgeRepository;
  now: () => number;
  log: Logger;
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
const longestWait = 10_000;
/** How long the turn of a process to index lasts, longer than reading a document, and when it is renewed. */
const turnLasts = 360_000;
const renewAfter = 20_000;
/** When to look again whether the process that indexes has done so, in milliseconds. */
const lookAgainAfter = 2_000;
const pauseAfterFailure = 10_000;

/** Begins to index the documents of the agents. */
export const openKnowledge = ({ formation, stored, now, log }: KnowledgeDeps): Knowledge => {
  const holder = newLeaseOwner();
  const agents = formation.agents.flatMap(({ id, knowledge }) =>
    knowledge?.enabled && knowledge.sources.length > 0 ? [{ agent: id, config: knowledge }] : [],
  );
  let allIndexed = () => {};
  const ready = new Promise<void>((resolve) => {
    allIndexed = resolve;
  });

  const take = async (seq: number): Promise<boolean> => {
    const turn = { holder, now: now(), until: now() + turnLasts };
    if (await stored.take(seq, turn)) return true;
    const other = await stored.holder(seq);
    return isGone(other) && stored.take(seq, { ...turn, ended: other });
  };

  /** False when another process is indexing what this agent knows. */
  const index = async (of: AgentKnowledge, signal: AbortSignal): Promise<boolean> => {
    const { agent, seq } = of;
    if (!(await take(seq))) return false;
    let taken = performance.now();
    const keepTurn = async () => {
      if (performance.now() - taken < renewAfter) return;
      taken = performance.now();
      if (!(await take(seq))) throw new Error("another process has taken the turn to index");
    };
    const reader = createDocumentReader(limits);
    signal.addEventListener("abort", reader.close);
    try {
      const root = await realpath(formation.dir);
      const result = await indexAgent({ root, stored, reader, keepTurn, now, log }, of, signal);
      const state = await stored.state(formation.id, agent);
      log.info({ agent, ...result, passages: state?.passages }, "knowledge ready");
    } finally {
      signal.removeEventListener("abort", reader.close);
      reader.close();
      await stored.take(seq, { holder, now: now(), until: 0 });
    }
    return true;
  };

  const waiting = new Map(agents.map((each) => [each.agent, each]));
  const look = async (signal: AbortSignal): Promise<number | undefined> => {
    for (const [agent, { config }] of waiting) {
      const seq = await stored.open(formation.id, agent);
      if (await index({ agent, config, seq }, signal)) waiting.delete(agent);
    }
    if (waiting.size > 0) return lookAgainAfter;
    allIndexed();
    return undefined;
  };
  const worker = createWorker({ what: "indexing documents", look, pauseAfterFailure, log });
  if (agents.length > 0) worker.wake();
  else allIndexed();

  const search = createKnowledgeSearch(formation.id, stored);
  const known = new Set(agents.map(({ agent }) => agent));
  const begun = Promise.race([ready, delay(longestWait, undefined, { ref: false })]);

  return {
    async search(agentId, question, options) {
      if (!known.has(agentId)) return [];
      await begun;
      return search(agentId, question, options);
    },
    ready,
    async close() {
      await worker.close();
      allIndexed();
    },
  };
};
