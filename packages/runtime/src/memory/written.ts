import type { MemoryScope, NewMemory, Owner } from "../store/index.ts";
import { indexWordsOf } from "../text/index.ts";
import { collectionOf } from "./collections.ts";
import { subjectOf } from "./subject.ts";

/** A memory as a caller sends it. */
export interface WrittenMemory {
  type?: string | undefined;
  detail?: string | undefined;
  /** Takes precedence over `detail`. */
  content?: string | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  subject?: string | null | undefined;
  source?: string | null | undefined;
  source_id?: string | null | undefined;
  timestamp?: string | null | undefined;
  pinned?: boolean | undefined;
  /** Seconds until it is forgotten. */
  ttl?: number | null | undefined;
  scope?: MemoryScope;
  scope_id?: string | null | undefined;
}

/** A memory as it is brought in from an export. */
export interface ImportedMemory {
  content: string;
  source: string;
  source_id?: string | null | undefined;
  id?: string | null | undefined;
  collection?: string | null | undefined;
  subject?: string | null | undefined;
  importance?: number | null | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  pinned?: boolean | null | undefined;
  said_at?: string | null | undefined;
  expires_at?: string | null | undefined;
}

const writtenImportance = 0.8;
const importanceIn = (metadata: Record<string, unknown>): number => {
  const { importance } = metadata;
  return typeof importance === "number" && importance >= 0 && importance <= 1
    ? importance
    : writtenImportance;
};

const noMessage = { sessionId: null, requestId: null, messageId: null, quote: null };

/** When something was noted elsewhere, in Unix milliseconds. */
const timeIn = (timestamp: string | null | undefined): number | undefined => {
  const time = Date.parse(timestamp ?? "");
  return Number.isNaN(time) ? undefined : time;
};

/** When what is to live for some seconds, or a part of one, is forgotten: in whole milliseconds, as it is stored. */
export const expiryOf = (ttl: number, now: number): number => now + Math.ceil(ttl * 1000);

/** A memory that a program writes, as it is stored. */
export const newMemory = (owner: Owner, written: WrittenMemory, now: number): NewMemory => {
  const { type = "", source, source_id, scope = "user", timestamp } = written;
  const content = (written.content?.trim() || written.detail?.trim()) ?? "";
  const metadata = {
    ...written.metadata,
    ...(type !== "" && { type }),
    ...(source_id != null && { source_id }),
    ...(timestamp != null && { timestamp }),
  };
  const origin = source != null && source_id != null ? `${source} ${source_id}` : undefined;
  return {
    owner,
    scope,
    scopeId: scope === "group" ? (written.scope_id ?? null) : null,
    subject: subjectOf(written.subject ?? origin ?? content),
    collection: collectionOf(type),
    content,
    words: indexWordsOf(content),
    metadata,
    source: source ?? "api",
    sourceId: source == null ? null : (source_id ?? null),
    origin: { ...noMessage, saidAt: timeIn(timestamp) ?? now },
    importance: importanceIn(metadata),
    isPinned: written.pinned ?? false,
    expiresAt: written.ttl == null ? null : expiryOf(written.ttl, now),
    now,
  };
};

/** A subject as exports have it. */
const digest = /^[\w-]{22}$/;

/** A memory that is brought in, as it is stored. */
export const importedMemory = (owner: Owner, imported: ImportedMemory, now: number): NewMemory => {
  const { content, source, subject } = imported;
  const sourceId = imported.source_id ?? imported.id ?? null;
  const expiresAt = timeIn(imported.expires_at) ?? null;
  const about = subject ?? (sourceId === null ? content : `${source} ${sourceId}`);
  return {
    owner,
    scope: "user",
    scopeId: null,
    subject: digest.test(about) ? about : subjectOf(about),
    collection: collectionOf(imported.collection ?? ""),
    content,
    words: indexWordsOf(content),
    metadata: imported.metadata ?? {},
    source,
    sourceId,
    origin: { ...noMessage, saidAt: timeIn(imported.said_at) ?? now },
    importance: imported.importance ?? writtenImportance,
    isPinned: imported.pinned ?? false,
    expiresAt,
    now,
  };
};
