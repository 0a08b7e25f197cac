import { rm } from "node:fs/promises";
import path from "node:path";
import { createDocumentReader } from "@muxi/documents";
import { type Environment, type Formation, sourceId } from "@muxi/formation";
import type { ProxyChoice } from "@muxi/http";
import type { Logger } from "pino";
import type { TargetPolicy } from "../background/index.ts";
import { createGate, createWorker } from "../base/index.ts";
import {
  createTurn,
  type KnowingAgent,
  originOf,
  readingLimits,
  type SourcesElsewhere,
  shortDigest,
  shuttingDown,
  type Turn,
  type UnderstandingOf,
} from "../knowledge/index.ts";
import type {
  KnowledgeRepository,
  KnowledgeSourceRepository,
  KnowledgeSourceState,
  KnowledgeVectorRepository,
} from "../store/index.ts";
import { afterFailure, dueTimeOf, type Timing } from "./due.ts";
import type { ConfiguredSource } from "./http-source.ts";
import { openSource } from "./open-source.ts";
import { SourceError } from "./source.ts";
import { type SyncResult, syncSource } from "./sync.ts";
import { makeFetchFolder } from "./temporary.ts";

export interface SourceSyncDeps {
  formation: Pick<Formation, "id">;
  agents: readonly KnowingAgent[];
  stored: KnowledgeRepository;
  vectors: KnowledgeVectorRepository;
  sources: KnowledgeSourceRepository;
  understandingOf: UnderstandingOf;
  policy: TargetPolicy;
  proxy?: ProxyChoice | undefined;
  /** Environment with the credentials of buckets that have no `auth`. */
  env: Environment;
  /** IANA name of the time zone of schedules; undefined where there is no scheduler. */
  zone: string | undefined;
  now: () => number;
  log: Logger;
}

/** How long the turn of a process to look at a source lasts, and when it is kept, in milliseconds. */
const turnLasts = 60_000;
const keepEvery = 5_000;
/** When to look again whether another process has done so, in milliseconds. */
const lookAgainAfter = 2_000;
const pauseAfterFailure = 10_000;
/** How many sources are looked at at a time: each has a process that reads its documents. */
const syncedAtOnce = 2;
/** The longest that a timer waits: after a clock was set, or a machine slept, it is late by no more. */
const longestSleep = 60_000;

/** A source and who waits for it. */
interface Entry extends KnowingAgent {
  source: ConfiguredSource;
  origin: string;
  turn: Turn;
  isTried: boolean;
  callers: { resolve(result: SyncResult): void; reject(error: unknown): void }[];
}

const entriesOf = ({ agents, sources, now }: SourceSyncDeps): Entry[] =>
  agents.flatMap(({ agent, config }) =>
    config.sources.flatMap((each) => {
      if (each.url === undefined) return [];
      const source = { ...each, url: each.url };
      const origin = originOf(source);
      const turn = createTurn(sources.turnsOf(origin), now, turnLasts);
      return [{ agent, config, source, origin, turn, isTried: false, callers: [] }];
    }),
  );

/** Begins to look at the sources elsewhere of the agents. */
export const openSourceSyncs = (deps: SourceSyncDeps): SourcesElsewhere => {
  const { formation, stored, understandingOf, vectors, sources, policy, proxy, env, zone, now, log } = deps;
  const timing: Timing = { zone, startedAt: now() };
  const entries = entriesOf(deps);
  const gate = createGate(syncedAtOnce);
  let onSynced = () => {};
  let folder: Promise<string> | undefined;

  const waiting = new Set(entries);
  let allBegun = () => {};
  const begun = new Promise<void>((resolve) => {
    allBegun = resolve;
  });
  const hasBegun = (entry: Entry) => {
    waiting.delete(entry);
    if (waiting.size === 0) allBegun();
  };

  /** The folder for what is fetched, made when it is first needed. */
  const placeOfFetched = async (): Promise<string> => {
    folder ??= makeFetchFolder(log);
    try {
      return await folder;
    } catch (error) {
      folder = undefined;
      throw error;
    }
  };

  /** Looks at a source for which this process has the turn. */
  const sync = async (
    { agent, config, source, origin, turn }: Entry,
    seq: number,
    closing: AbortSignal,
  ): Promise<SyncResult> => {
    const understanding = understandingOf({ agent, config });
    const reader = createDocumentReader(readingLimits, understanding);
    closing.addEventListener("abort", reader.close);
    const lost = new AbortController();
    const keepTurn = () => turn.keep(seq);
    // A server may take longer than a turn lasts.
    const keeping = setInterval(() => keepTurn().catch((error) => lost.abort(error)), keepEvery).unref();
    const signal = AbortSignal.any([closing, lost.signal]);
    try {
      const place = await placeOfFetched();
      const repository = path.join(place, `git-${seq}-${shortDigest(origin)}`);
      const open = () => openSource(source, { policy, proxy, env, now }, repository);
      return await syncSource(
        { stored, vectors, reader, understanding, keepTurn, now, log, folder: place, open },
        { agent, config, seq, source, origin },
        signal,
      );
    } finally {
      clearInterval(keeping);
      closing.removeEventListener("abort", reader.close);
      reader.close();
    }
  };

  /** Looks at a source; what fails on this side counts as an attempt too, so that it is not made again and again. */
  const trySync = async (entry: Entry, seq: number, closing: AbortSignal): Promise<SyncResult> => {
    try {
      return await sync(entry, seq, closing);
    } catch (error) {
      if (closing.aborted || !(await entry.turn.take(seq))) throw error;
      const source = sourceId(entry.source);
      log.error({ err: error, agent: entry.agent, source }, "looking at a knowledge source failed");
      return {
        ...{ source, documents: 0, read: 0, unread: 0, passages: 0, gone: 0 },
        error: new SourceError("it could not be stored: the log of the formation says why", {
          isTransient: true,
        }),
      };
    }
  };

  const settle = async (
    entry: Entry,
    seq: number,
    state: KnowledgeSourceState | undefined,
    result: SyncResult,
  ) => {
    const { agent, source, origin } = entry;
    const { error, source: id, ...counts } = result;
    onSynced();
    if (!error) {
      log.info({ agent, source: id, ...counts }, "knowledge source synced");
      await sources.settle(seq, { origin, syncedAt: now(), dueAt: null, failures: 0, failure: null });
      return;
    }
    const next = afterFailure(source, error, state?.failures ?? 0, timing, now());
    log.warn(
      { agent, source: id, reason: error.message, attempt: next.failures, ...counts },
      "knowledge source could not be synced: what was known of it stays",
    );
    await sources.settle(seq, { origin, ...next, syncedAt: state?.syncedAt ?? 0, failure: error.message });
  };

  const stateOf = async (seq: number, { origin }: Entry) =>
    (await sources.all(seq)).find((state) => state.origin === origin);

  /** Milliseconds until a source is to be looked at. */
  const untilDue = (entry: Entry, state: KnowledgeSourceState | undefined): number | undefined => {
    if (entry.callers.length > 0) return 0;
    const due = dueTimeOf(entry.source, state, timing, entry.isTried);
    return due === undefined ? undefined : Math.max(0, due - now());
  };

  const lookInTurn = async (
    entry: Entry,
    seq: number,
    state: KnowledgeSourceState | undefined,
    signal: AbortSignal,
  ) => {
    const { callers } = entry;
    entry.callers = [];
    try {
      const result = await trySync(entry, seq, signal);
      entry.isTried = true;
      await settle(entry, seq, state, result);
      for (const { resolve } of callers) resolve(result);
    } catch (error) {
      for (const { reject } of callers) reject(signal.aborted ? shuttingDown() : error);
      throw error;
    }
    hasBegun(entry);
  };

  const lookAt = async (entry: Entry, signal: AbortSignal): Promise<number | undefined> => {
    const seq = await stored.open(formation.id, entry.agent);
    const before = await stateOf(seq, entry);
    const wait = untilDue(entry, before);
    if (wait !== 0 || (before && before.syncedAt > 0)) hasBegun(entry);
    if (wait !== 0) return wait === undefined ? undefined : Math.min(wait, longestSleep);
    return gate(async () => {
      signal.throwIfAborted();
      if (!(await entry.turn.take(seq))) return lookAgainAfter;
      try {
        const state = await stateOf(seq, entry);
        // Another process may have looked at it since.
        if (untilDue(entry, state) === 0) await lookInTurn(entry, seq, state, signal);
      } finally {
        await entry.turn.leave(seq);
      }
      return 0;
    });
  };

  const workers = new Map(
    entries.map((entry) => {
      const look = (signal: AbortSignal) => lookAt(entry, signal);
      const what = `looking at the knowledge source ${sourceId(entry.source)}`;
      return [entry, createWorker({ what, look, pauseAfterFailure, log })];
    }),
  );

  for (const worker of workers.values()) worker.wake();
  if (entries.length === 0) allBegun();

  return {
    async sync(agentId, anew = []) {
      const own = entries.filter(({ agent }) => agent === agentId);
      // Stored, so that what cannot be fetched now is fetched when it can be.
      for (const { source, origin } of own) {
        if (!anew.includes(sourceId(source))) continue;
        await stored.expireOrigin(await stored.open(formation.id, agentId), origin);
      }
      const results = await Promise.all(
        own.map((entry) => {
          return new Promise<SyncResult>((resolve, reject) => {
            entry.callers.push({ resolve, reject });
            workers.get(entry)?.wake();
          });
        }),
      );
      return {
        sources: results.map(({ gone: _, error, ...result }) => ({
          ...result,
          ...(error && { failure: error.message }),
        })),
        gone: results.reduce((sum, { gone }) => sum + gone, 0),
      };
    },
    async status(agentId) {
      const own = entries.filter(({ agent }) => agent === agentId);
      if (own.length === 0) return [];
      const states = await sources.all(await stored.open(formation.id, agentId));
      return own.map((entry) => {
        const state = states.find(({ origin }) => origin === entry.origin);
        const dueAt = dueTimeOf(entry.source, state, timing, entry.isTried);
        return {
          source: sourceId(entry.source),
          syncedAt: state?.syncedAt ?? 0,
          failure: state?.failure ?? null,
          dueAt,
        };
      });
    },
    onSynced(listener) {
      onSynced = listener;
    },
    begun,
    async close() {
      await Promise.all([...workers.values()].map((worker) => worker.close()));
      for (const { callers } of entries) for (const { reject } of callers) reject(shuttingDown());
      allBegun();
      try {
        if (folder) await rm(await folder, { recursive: true, force: true });
      } catch (error) {
        // What else is to be closed must not wait for it: the next process that starts here removes it.
        log.warn({ err: error }, "what was fetched could not be removed");
      }
    },
  };
};
