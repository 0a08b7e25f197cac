/** The database: schema, migrations, one repository per aggregate. */

export { type AuditRecord, type AuditRepository, createAuditRepository } from "./audit.ts";
export { type BufferRepository, createBufferRepository } from "./buffers.ts";
export {
  type CredentialRepository,
  createCredentialRepository,
  type StoredCredential,
} from "./credentials.ts";
export type { Statement } from "./database/index.ts";
export { type Database, type Hints, NewerSchemaError, StorageUnavailableError } from "./database/index.ts";
export {
  type ClaimedDelivery,
  createDeliveryRepository,
  type DeliveryRepository,
  type DeliveryStatus,
} from "./deliveries.ts";
export { createHealthCheck, type HealthCheck } from "./health.ts";
export { createIngestionRepository, type IngestionRepository } from "./ingestions.ts";
export type { JobStatus, StoredJob } from "./job-rows.ts";
export type { DueJob, RunOutcome, StoredJobRun } from "./job-runs.ts";
export { createJobRepository, type JobRepository } from "./jobs.ts";
export { createLessonRepository, type Exchange, type Lesson, type LessonRepository } from "./lessons.ts";
export {
  type Candidate,
  createMemoryRepository,
  digestOf,
  formationSpace,
  type MemoryRepository,
  type MemoryScope,
  type NewMemory,
  type Space,
  type StoredMemory,
  userSpace,
} from "./memories.ts";
export { openPostgres } from "./postgres/index.ts";
export type { Published } from "./request-progress.ts";
export type { Idempotency, Lease, NewRequest, RequestKind, StoredRequest } from "./request-rows.ts";
export { createRequestRepository, type RequestRepository } from "./requests.ts";
export {
  createSessionRepository,
  type NewMessage,
  type Owner,
  type SessionRepository,
  type StoredMessage,
} from "./sessions.ts";
export { openSqlite } from "./sqlite/index.ts";
export { createStore, type Store } from "./store.ts";
export { createSynopsisRepository, type SynopsisRepository } from "./synopses.ts";
export {
  type AppUser,
  createUserRepository,
  type KnownIdentifier,
  type NewIdentifier,
  type UserRepository,
} from "./users.ts";
export { createVectorRepository, type StoredCode, type VectorRepository } from "./vectors.ts";
