/** The database: engines, schema migrations, and one repository per aggregate. */

export type { ApprovalRepository } from "./approvals.ts";
export type { AuditRecord, AuditRepository } from "./audit.ts";
export type { BufferRepository } from "./buffers.ts";
export type {
  CredentialRepository,
  StoredCredential,
} from "./credentials.ts";
export type { Statement } from "./database/index.ts";
export {
  type Database,
  type Hints,
  type HintTopic,
  StorageUnavailableError,
  storageRetryAfter,
} from "./database/index.ts";
export {
  type ClaimedDelivery,
  createDeliveryRepository,
  type DeliveryRepository,
} from "./deliveries.ts";
export type { ForgettingRepository, Forgotten, Remembered } from "./forgetting.ts";
export type { HealthCheck } from "./health.ts";
export type { IngestionRepository } from "./ingestions.ts";
export type { JobStatus, StoredJob } from "./job-rows.ts";
export type { DueJob, StoredJobRun } from "./job-runs.ts";
export { createJobRepository, type JobChange, type JobFilter, type JobRepository } from "./jobs.ts";
export type { KnowledgeRepository } from "./knowledge.ts";
export {
  type DocumentFilter,
  type DocumentPage,
  type DocumentWord,
  type KnowledgeDocument,
  type KnowledgeOverview,
  type KnowledgeState,
  type OutlinedDocument,
  type OutlinedPassage,
  passagesOfOne,
  type StoredPassage,
  type WordPlaces,
} from "./knowledge-rows.ts";
export type { KnowledgeSourceRepository, KnowledgeSourceState } from "./knowledge-sources.ts";
export type { KnowledgeTurns } from "./knowledge-turns.ts";
export type { DigestedPassage, KnowledgeVectorRepository, UnembeddedPassage } from "./knowledge-vectors.ts";
export type { LearnableTurn, Lesson, LessonRepository, LessonSession } from "./lessons.ts";
export type { ListPage, NamedPage } from "./list-page.ts";
export { createMemoryRepository, type MemoryRepository } from "./memories.ts";
export type { Reader } from "./memory-details.ts";
export {
  type Candidate,
  digestOf,
  formationSpace,
  type MemoryChange,
  type MemoryOrigin,
  type MemoryScope,
  type MemoryVersion,
  type NewMemory,
  type Space,
  type StoredMemory,
  userSpace,
} from "./memory-rows.ts";
export { copyRows, openPostgres } from "./postgres/index.ts";
export {
  asks,
  type Idempotency,
  type Lease,
  type ListedRequest,
  type RequestKind,
  type StoredRequest,
} from "./request-rows.ts";
export type { RequestRepository, WhichRequests } from "./requests.ts";
export type { RetentionTurns } from "./retention-turns.ts";
export type {
  NewMessage,
  Owner,
  RecentMessage,
  SessionRepository,
  SessionState,
  SessionSummary,
  StoredMessage,
} from "./sessions.ts";
export { openSqlite } from "./sqlite/index.ts";
export { createStore, type Store } from "./store.ts";
export type {
  EarlierSession,
  StoredSummary,
  SummarisedMessage,
  SummaryRepository,
  SummaryTask,
} from "./summaries.ts";
export type { SynopsisRepository } from "./synopses.ts";
export type { UsageRepository, UsedTokens } from "./usage.ts";
export { type DeletedRows, deletable, type UserDataLine, type UserDataRepository } from "./user-data.ts";
export type {
  AppUser,
  KnownIdentifier,
  NewIdentifier,
  UserRepository,
} from "./users.ts";
export { createVectorRepository, type VectorRepository } from "./vectors.ts";
