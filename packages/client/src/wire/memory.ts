/** Artifacts (contract/formation-api.md 4.23). */

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
