import { rm } from "node:fs/promises";
import path from "node:path";
import { sourceId } from "@muxi/formation";
import { startTimeLimit } from "../base/index.ts";
import {
  type AgentKnowledge,
  createDocumentWriter,
  digestOf,
  type SourceResult,
  settingsOf,
  shortDigest,
  type WritingDeps,
} from "../knowledge/index.ts";
import type { KnowledgeDocument } from "../store/index.ts";
import type { ConfiguredSource } from "./http-source.ts";
import { type DocumentElsewhere, type SourceElsewhere, SourceError, type Version } from "./source.ts";

export interface SyncDeps extends WritingDeps {
  /** A folder for what is being fetched. */
  folder: string;
  /** Opens the place that documents are fetched from. @throws SourceError */
  open(): SourceElsewhere;
}

/** A source of an agent, and what its documents are kept under. */
export interface SyncedSource extends AgentKnowledge {
  source: ConfiguredSource;
  origin: string;
}

/** A version as it is stored: of other settings, the same document has other passages. */
type StoredVersion = Version & { settings: string };

/** One document may take this share of the time of its source: others are to have their turn. */
const shareOfTime = 1 / 5;

/** What came of a sync, and why it is to be done again where something could not be had. */
export interface SyncResult extends SourceResult {
  /** Documents that went. */
  gone: number;
  error: SourceError | undefined;
}

/** Most bytes of the name of a document: Postgres has no index of much longer ones. */
const longestName = 2_048;

/** What is told of a failure: that the time was up, or what the source said. Any other one is thrown. */
const told = (
  error: unknown,
  { isOver, signal }: ReturnType<typeof startTimeLimit>,
  late: string,
): SourceError => {
  if (error instanceof SourceError) return error;
  if (isOver && error === signal.reason) return new SourceError(late, { isTransient: true });
  throw error;
};

/**
 * Brings what is stored of a source to what is there now. What could not be had stays as it was (docs/spec/formation-files.md
 * "Sources elsewhere").
 */
export const syncSource = async (
  deps: SyncDeps,
  of: SyncedSource,
  closing: AbortSignal,
): Promise<SyncResult> => {
  const { stored, folder, open, log } = deps;
  const { agent, seq: knowledge, source, origin, config } = of;
  const { write, clear, tell } = createDocumentWriter(deps, of, closing);
  const id = sourceId(source);
  const settings = shortDigest(settingsOf(config, deps.understanding));
  const result: SyncResult = {
    ...{ source: id, documents: 0, read: 0, unread: 0, passages: 0, gone: 0 },
    error: undefined,
  };

  const known = await stored.documents(knowledge, origin);
  for (const { seq, state } of known) if (state === "writing" || state === "leaving") await clear(seq);
  const standing = known.filter(({ state }) => state === "ready" || state === "unread");
  const bySource = new Map(standing.map((document) => [document.source, document]));
  const kept = new Set<string>();
  const most = source.max_total_size;
  let left = most;

  const beyond = (name: string) =>
    tell(name, { code: "too_large", reason: `its source has more than max_total_size (${most} bytes)` });

  const keep = (document: KnowledgeDocument) => {
    kept.add(document.source);
    if (document.failure === null) result.passages += document.passages;
    else result.unread += 1;
  };

  /** Stores a document that was fetched, unless its content is what it was. */
  const store = async (
    { name }: DocumentElsewhere,
    { format, version }: { format: Parameters<typeof write>[0]["format"]; version: Version },
    before: KnowledgeDocument | undefined,
    file: string,
  ) => {
    const digest = await digestOf({ file, format }, config, deps.understanding);
    const writtenVersion = JSON.stringify({ ...version, settings } satisfies StoredVersion);
    if (before?.digest === digest) {
      keep(before);
      if (before.version !== writtenVersion) await stored.keepVersion(before.seq, writtenVersion);
      return;
    }
    kept.add(name);
    const passages = await write({
      source: name,
      file,
      format,
      digest,
      from: { origin, version: writtenVersion },
    });
    if (passages === undefined) result.unread += 1;
    else {
      result.read += 1;
      result.passages += passages;
    }
    if (before) await clear(before.seq);
  };

  const look = async (document: DocumentElsewhere, signal: AbortSignal) => {
    const { name } = document;
    if (Buffer.byteLength(name) > longestName) {
      const reason = `its name has more than ${longestName} bytes`;
      return tell(`${name.slice(0, 200)}...`, { code: "unsupported", reason });
    }
    if (left < 0) return beyond(name);
    const before = bySource.get(name);
    const version: StoredVersion | undefined = before?.version ? JSON.parse(before.version) : undefined;
    const isCurrent = version?.settings === settings && before?.digest !== "";
    const file = path.join(folder, `${knowledge}-${shortDigest(origin)}`);
    const limit = startTimeLimit(source.timeout * 1000 * shareOfTime, signal);
    try {
      const fetched = await document.fetch(file, isCurrent ? version : undefined, limit.signal);
      if (fetched.kind === "left out") {
        const { code, reason } = fetched;
        tell(name, { code, reason });
      }
      if (fetched.kind === "same" && before) keep(before);
      if (fetched.kind !== "same" && fetched.kind !== "new") return;
      left -= fetched.kind === "new" ? fetched.version.size : (version?.size ?? 0);
      if (left < 0) {
        kept.delete(name);
        beyond(name);
      } else if (fetched.kind === "new") await store(document, fetched, before, file);
    } catch (error) {
      signal.throwIfAborted();
      const late = `${name}: it was not there within ${source.timeout * shareOfTime} s`;
      const failure = told(error, limit, late);
      log.warn(
        { agent, source: id, document: name, reason: failure.message },
        "document could not be fetched",
      );
      result.error ??= failure;
      if (before) keep(before);
    } finally {
      limit.end();
      await rm(file, { force: true });
    }
  };

  const lookAtAll = async (signal: AbortSignal) => {
    const place = open();
    try {
      const listed = (await place.list(signal)).sort((a, b) => (a.name < b.name ? -1 : 1));
      if (listed.length === 0) throw new SourceError("nothing is there that it names");
      for (const document of listed.slice(0, source.file_limit)) {
        result.documents += 1;
        await look(document, signal);
      }
      const others = listed.length - source.file_limit;
      if (others > 0) {
        log.warn({ agent, source: id, others }, "knowledge source has more documents than file_limit");
      }
    } finally {
      place.close();
    }
  };

  const limit = startTimeLimit(source.timeout * 1000, closing);
  try {
    await lookAtAll(limit.signal);
  } catch (error) {
    closing.throwIfAborted();
    const late = `it was not read within ${source.timeout} s`;
    result.error = told(error, limit, late);
    return result;
  } finally {
    limit.end();
  }

  for (const { seq, source: name } of standing) {
    if (kept.has(name)) continue;
    await stored.withdraw({ knowledge, seq });
    await clear(seq);
    result.gone += 1;
  }
  return result;
};
