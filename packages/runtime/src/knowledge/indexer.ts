import { realpath } from "node:fs/promises";
import { createDocumentReader, type ReadingLimits, type Understanding } from "@muxi/documents";
import type { Formation, KnowledgeConfig } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { isGone } from "../background/index.ts";
import { createWorker } from "../base/index.ts";
import type { KnowledgeOverview, KnowledgeRepository, KnowledgeVectorRepository } from "../store/index.ts";
import { type IndexingResult, indexAgent } from "./indexing.ts";
import { createTurn } from "./turns.ts";

/** What an agent is to know. */
export interface KnowingAgent {
  agent: string;
  config: KnowledgeConfig;
}

/** What understands the pictures and recordings of the documents of an agent. */
export type UnderstandingOf = (agent: KnowingAgent) => Understanding;

export interface IndexerDeps {
  formation: Pick<Formation, "id" | "dir">;
  agents: readonly KnowingAgent[];
  stored: KnowledgeRepository;
  vectors: KnowledgeVectorRepository;
  /** Told when an agent's documents were looked at. */
  onIndexed: () => void;
  /** Who understands pictures and recordings for an agent. Default: nobody. */
  understandingOf?: UnderstandingOf | undefined;
  now: () => number;
  log: Logger;
}

/** A look at the sources of an agent that was asked for, and will be taken. */
export interface AskedLook {
  /** Rejects when it fails, of which the log tells, or the indexer is closed before. Nobody needs to wait for it. */
  readonly result: Promise<IndexingResult>;
}

/** Keeps what is stored of the agents' documents as their sources have it. */
export interface Indexer {
  /**
   * Asks for a look at the sources of an agent; one that is under way does not count. Resolves when that is noted.
   *
   * @param anew Sources whose documents are read even if they have not changed.
   */
  ask(agentId: string, anew?: readonly string[]): Promise<AskedLook>;
  /** Whether the sources of an agent are still to be looked at. */
  isWaiting(agentId: string): boolean;
  /** Resolves when all has been looked at once, or it was closed. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** What reading one document may take: they are the formation's own, so more than a file of a message. */
export const readingLimits: ReadingLimits = {
  milliseconds: 60_000,
  memory: 768 * 2 ** 20,
  unpacked: 256 * 2 ** 20,
  pages: 5_000,
  characters: 10_000_000,
  perceptions: 200,
};

/** How long the turn of a process to index lasts, longer than reading a document. */
const turnLasts = 360_000;
/** When to look again whether the process that indexes has done so, in milliseconds. */
const lookAgainAfter = 2_000;
const pauseAfterFailure = 10_000;

/** Whether a process is indexing what an agent knows. */
export const isIndexing = ({ holder, until }: Pick<KnowledgeOverview, "holder" | "until">, now: number) =>
  until > now && !isGone(holder);

/** A look at the sources of an agent that is to be taken. */
interface Wanted {
  /** Sources whose documents are read even if they have not changed. */
  anew: Set<string>;
  /** Those who wait for what comes of it. */
  callers: { resolve(result: IndexingResult): void; reject(error: unknown): void }[];
}

const sum = ({ sources }: IndexingResult, what: "documents" | "read" | "unread"): number =>
  sources.reduce((total, source) => total + source[what], 0);

export const shuttingDown = () =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    "The formation is shutting down: its documents are read after the next start",
  );

/** Begins to index the documents of the agents. */
export const createIndexer = (deps: IndexerDeps): Indexer => {
  const { formation, agents, stored, vectors, onIndexed, understandingOf = () => ({}), now, log } = deps;
  const turn = createTurn(stored, now, turnLasts);
  const configs = new Map(agents.map(({ agent, config }) => [agent, config]));
  const waiting = new Map<string, Wanted>(
    agents.map(({ agent }) => [agent, { anew: new Set(), callers: [] }]),
  );
  let allIndexed = () => {};
  const ready = new Promise<void>((resolve) => {
    allIndexed = resolve;
  });

  /** Does something for which only one process at a time may have its turn. */
  const inTurn = async <Result>(seq: number, work: (keepTurn: () => Promise<void>) => Promise<Result>) => {
    try {
      return await work(() => turn.keep(seq));
    } finally {
      await turn.leave(seq);
    }
  };

  const index = async (
    { agent, config, seq, anew }: KnowingAgent & { seq: number; anew: ReadonlySet<string> },
    signal: AbortSignal,
  ): Promise<IndexingResult> => {
    const understanding = understandingOf({ agent, config });
    const reader = createDocumentReader(readingLimits, understanding);
    signal.addEventListener("abort", reader.close);
    try {
      return await inTurn(seq, async (keepTurn) => {
        const begun = now();
        const root = await realpath(formation.dir);
        const result = await indexAgent(
          { root, stored, vectors, reader, understanding, keepTurn, now, log },
          { agent, config, seq },
          anew,
          signal,
        );
        await stored.finish(seq, begun);
        const { gone } = result;
        const [documents, read, unread] = [
          sum(result, "documents"),
          sum(result, "read"),
          sum(result, "unread"),
        ];
        const state = await stored.state(formation.id, agent);
        log.info({ agent, documents, read, unread, gone, passages: state?.passages }, "knowledge ready");
        onIndexed();
        return result;
      });
    } finally {
      signal.removeEventListener("abort", reader.close);
      reader.close();
    }
  };

  /** Takes a look that is wanted; another process that has the turn is waited for. */
  const lookAt = async (agent: string, config: KnowledgeConfig, wanted: Wanted, signal: AbortSignal) => {
    const seq = await stored.open(formation.id, agent);
    if (!(await turn.take(seq))) return;
    // Whoever asks from now on may know of a change that this look no longer sees.
    waiting.delete(agent);
    try {
      const result = await index({ agent, config, seq, anew: wanted.anew }, signal);
      for (const { resolve } of wanted.callers) resolve(result);
    } catch (error) {
      for (const { reject } of wanted.callers) reject(signal.aborted ? shuttingDown() : error);
      const since = waiting.get(agent);
      waiting.set(agent, {
        anew: new Set([...wanted.anew, ...(since?.anew ?? [])]),
        callers: since?.callers ?? [],
      });
      throw error;
    }
  };

  /**
   * Forgets agents that the formation no longer has, or that know nothing any more.
   *
   * @returns Whether all of them are forgotten: one that another process works on is not.
   */
  const forgetOthers = async (signal: AbortSignal): Promise<boolean> => {
    let areForgotten = true;
    for (const { seq, agentId } of await stored.overview(formation.id)) {
      if (configs.has(agentId)) continue;
      if (!(await turn.take(seq))) {
        areForgotten = false;
        continue;
      }
      await inTurn(seq, async (keepTurn) => {
        for (const document of await stored.documents(seq)) {
          await stored.withdraw({ knowledge: seq, seq: document.seq });
          while (await stored.clear(document.seq)) {
            signal.throwIfAborted();
            await keepTurn();
          }
        }
        await stored.forget(seq);
      });
      log.info({ agent: agentId }, "knowledge of an agent that is gone was deleted");
    }
    return areForgotten;
  };

  let areOthersForgotten = false;
  const look = async (signal: AbortSignal): Promise<number | undefined> => {
    // What stops the documents of one agent stops no other's.
    const failures = new Map<string, unknown>();
    for (const [agent, config] of configs) {
      const wanted = waiting.get(agent);
      if (!wanted) continue;
      await lookAt(agent, config, wanted, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        failures.set(agent, error);
      });
    }
    if ([...waiting.keys()].every((agent) => failures.has(agent))) {
      allIndexed();
      areOthersForgotten ||= await forgetOthers(signal);
    }
    if (failures.size > 0) {
      const message = `the documents of ${[...failures.keys()].join(", ")} could not be indexed`;
      throw new AggregateError(failures.values(), message);
    }
    return waiting.size > 0 || !areOthersForgotten ? lookAgainAfter : undefined;
  };
  const worker = createWorker({ what: "indexing documents", look, pauseAfterFailure, log });
  worker.wake();

  return {
    async ask(agentId, anew = []) {
      await stored.ask(await stored.open(formation.id, agentId), now());
      const wanted = waiting.get(agentId) ?? { anew: new Set(), callers: [] };
      waiting.set(agentId, wanted);
      for (const source of anew) wanted.anew.add(source);
      const result = new Promise<IndexingResult>((resolve, reject) => {
        wanted.callers.push({ resolve, reject });
      });
      result.catch(() => undefined);
      worker.wake();
      return { result };
    },
    isWaiting: (agentId) => waiting.has(agentId),
    ready,
    async close() {
      await worker.close();
      for (const { callers } of waiting.values()) {
        for (const { reject } of callers) reject(shuttingDown());
      }
      allIndexed();
    },
  };
};
