import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

export type MemoryScope = "user" | "group" | "formation";

/** A short key of who shares a memory: formation, scope and its holder. Made by `spaceOf`. */
export type Space = string;

/** What a memory was taken from. Where no message states it there is only a time. */
export interface MemoryOrigin {
  sessionId: string | null;
  requestId: string | null;
  /** Null in what is to be stored: the newest message of the user in the request. */
  messageId: string | null;
  /** The words of the message that state it. */
  quote: string | null;
  /** Unix milliseconds; in rows of an older version null. */
  saidAt: number | null;
}

export interface NewMemory {
  /** Whom it is about; in wider scopes, who wrote it. */
  owner: Owner;
  scope: MemoryScope;
  /** The group, in the scope `group`. */
  scopeId: string | null;
  /** What it is about: a later memory of the same subject replaces it. */
  subject: string;
  collection: string;
  content: string;
  /** The distinct words by which it is found. */
  words: readonly string[];
  metadata: Record<string, unknown>;
  source: string;
  /** What it is called where it comes from. */
  sourceId?: string | null;
  /** Absent where no message states it. */
  origin?: MemoryOrigin;
  /** 0 to 1. */
  importance: number;
  /** Whether it is recalled with every message. One that is pinned stays so when another one replaces it. */
  isPinned?: boolean;
  /** Unix milliseconds; absent for never. */
  expiresAt?: number | null;
  now: number;
}

export interface StoredMemory extends MemoryOrigin {
  seq: number;
  id: string;
  scope: MemoryScope;
  scopeId: string | null;
  subject: string;
  collection: string;
  content: string;
  metadata: Record<string, unknown>;
  source: string;
  sourceId: string | null;
  importance: number;
  isPinned: boolean;
  expiresAt: number | null;
  /** Since when it holds. */
  validFrom: number;
  createdAt: number;
  updatedAt: number;
}

/** What a memory said before another value took its place. */
export interface MemoryVersion extends MemoryOrigin {
  memorySeq: number;
  collection: string;
  content: string;
  metadata: Record<string, unknown>;
  source: string;
  sourceId: string | null;
  validFrom: number;
  validTo: number;
}

/** What may be changed of a memory. What is left out stays. */
export interface MemoryChange {
  /** Absent when the memory says the same as before. */
  said?: {
    content: string;
    words: readonly string[];
    source: string;
    /** What it is about now, unless another memory is about that. */
    subject: string;
  };
  collection?: string;
  metadata?: Record<string, unknown>;
  isPinned?: boolean;
  expiresAt?: number | null;
}

/** A memory as a search ranks it. */
export interface Candidate {
  seq: number;
  subject: string;
  content: string;
  importance: number;
  updatedAt: number;
  /** 1 for one that is recalled with every message. */
  pinned: number;
  /** Unix milliseconds; null for never. */
  expiresAt: number | null;
}

/** The numbers of the memories in some spaces that may be relevant to a text. */
export interface Matches {
  /** Those that contain each word, newest first. */
  byWord: (readonly number[])[];
  /** Those that are pinned, newest first. */
  pinned: readonly number[];
}

/** Condition for memories that have not expired. */
export const isAlive = (now: number): Statement => sql`(expires_at is null or expires_at > ${now})`;

export const digestOf = (text: string): string => hash("sha256", text, "base64url").slice(0, 22);

/** Those of holders who are chatting: each chat asks for some of them several times. */
const spaces = new LRUCache<string, Space>({ max: 2_000 });

/** The space that a holder shares: a user, a group or, with "", the whole formation. */
export const spaceOf = (formationId: string, scope: MemoryScope, holder: string): Space => {
  const shared = `${formationId}\0${scope}\0${holder}`;
  let space = spaces.get(shared);
  if (space === undefined) {
    space = digestOf(shared);
    spaces.set(shared, space);
  }
  return space;
};

/** The space of a user's own memories. */
export const userSpace = ({ formationId, userId }: Owner): Space => spaceOf(formationId, "user", userId);

/** The space that all users of a formation share. */
export const formationSpace = (formationId: string): Space => spaceOf(formationId, "formation", "");
