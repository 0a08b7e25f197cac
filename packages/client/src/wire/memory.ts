/** Memories, buffers, history and artifacts (contract/formation-api.md 4.6, 4.7, 4.23). */

/** The formation's memory block, as written. */
export type MemoryConfig = Record<string, unknown>;

/** How full the buffer of recent messages is. */
export interface BufferStats {
  total_entries: number;
  total_users: number;
  total_sessions: number;
  buffer_size_kb: number;
  max_size: number;
  /** 0 to 1. */
  utilization: number;
}

/** Who shares a memory. */
export type MemoryScope = "user" | "group" | "formation";

/** Something that is remembered. */
export interface Memory {
  id: string;
  content: string;
  /** ISO 8601. */
  created_at: string;
  metadata: Record<string, unknown>;
  scope: MemoryScope;
  scope_id: string | null;
}

/** A page of memories. */
export interface MemoryList {
  memories: Memory[];
  count: number;
}

/** A memory that was just added. */
export interface MemoryCreated extends Omit<Memory, "content"> {
  content: { type: string; detail: string };
}

/** Which memory is gone. */
export interface MemoryDeleted {
  /** Id of the memory that is gone. */
  deleted: string;
  user_id: string;
}

/** A user's recent messages, in numbers. */
export interface UserBuffer {
  user_id: string;
  total_messages: number;
  sessions: unknown[];
  buffer_size_kb: number;
}

/** How much was forgotten, of one user or of everyone. */
export interface BufferCleared {
  message: string;
  user_id: string | null;
  messages_cleared: number;
  sessions_cleared: number;
}

/** How much of one session was forgotten. */
export interface SessionBufferCleared {
  message: string;
  user_id: string;
  session_id: string;
  messages_cleared: number;
}

/** What happened with a user, entry by entry. */
export interface History {
  entries: Record<string, unknown>[];
  count: number;
}

/** A file that an agent made, without its content. */
export interface ArtifactSummary {
  id: string;
  name: string;
  version: number;
  is_latest: boolean;
  content_type: string;
  category: string;
  summary: string;
  tags: string[];
  agent_id: string;
  conversation_id: string;
  size_bytes: number;
  created_at: string;
  updated_at: string;
  last_accessed_at: string;
}

/** A user's artifacts. */
export interface ArtifactList {
  artifacts: ArtifactSummary[];
  count: number;
  total: number;
}

/** All versions of one artifact. */
export interface ArtifactVersions {
  name: string;
  versions: Record<string, unknown>[];
  count: number;
}
