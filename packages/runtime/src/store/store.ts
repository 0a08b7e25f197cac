import { type ApprovalRepository, createApprovalRepository } from "./approvals.ts";
import { type AuditRepository, createAuditRepository } from "./audit.ts";
import { type BufferRepository, createBufferRepository } from "./buffers.ts";
import { type CredentialRepository, createCredentialRepository } from "./credentials.ts";
import type { Database } from "./database/index.ts";
import { createDeliveryRepository, type DeliveryRepository } from "./deliveries.ts";
import { createForgettingRepository, type ForgettingRepository } from "./forgetting.ts";
import { createHealthCheck, type HealthCheck } from "./health.ts";
import { createIngestionRepository, type IngestionRepository } from "./ingestions.ts";
import { createJobRepository, type JobRepository } from "./jobs.ts";
import { createKnowledgeRepository, type KnowledgeRepository } from "./knowledge.ts";
import { createKnowledgeSourceRepository, type KnowledgeSourceRepository } from "./knowledge-sources.ts";
import { createKnowledgeVectorRepository, type KnowledgeVectorRepository } from "./knowledge-vectors.ts";
import { createLessonRepository, type LessonRepository } from "./lessons.ts";
import { createMemoryRepository, type MemoryRepository } from "./memories.ts";
import { createRequestRepository, type RequestRepository } from "./requests.ts";
import { createRetentionTurns, type RetentionTurns } from "./retention-turns.ts";
import { createSessionRepository, type Owner, type SessionRepository } from "./sessions.ts";
import { createSummaryRepository, type SummaryRepository } from "./summaries.ts";
import { createSynopsisRepository, type SynopsisRepository } from "./synopses.ts";
import { createUnlearned } from "./unlearned.ts";
import { createUsageRepository, type UsageRepository } from "./usage.ts";
import { createUserDataRepository, type UserDataRepository } from "./user-data.ts";
import { createUserRepository, type UserRepository } from "./users.ts";
import { createVectorRepository, type VectorRepository } from "./vectors.ts";

/** The repositories of a formation, and what it does with its database as a whole. */
export interface Store extends Pick<Database, "hints" | "now" | "write" | "close"> {
  /** Whether other processes may use the same database. */
  readonly isShared: boolean;
  readonly checkHealth: HealthCheck;
  readonly approvals: ApprovalRepository;
  readonly audit: AuditRepository;
  readonly buffers: BufferRepository;
  readonly credentials: CredentialRepository;
  readonly deliveries: DeliveryRepository;
  readonly forgetting: ForgettingRepository;
  readonly ingestions: IngestionRepository;
  readonly jobs: JobRepository;
  readonly knowledge: KnowledgeRepository;
  readonly knowledgeSources: KnowledgeSourceRepository;
  readonly knowledgeVectors: KnowledgeVectorRepository;
  readonly lessons: LessonRepository;
  readonly memories: MemoryRepository;
  readonly requests: RequestRepository;
  readonly retentionTurns: RetentionTurns;
  readonly sessions: SessionRepository;
  readonly summaries: SummaryRepository;
  readonly synopses: SynopsisRepository;
  readonly usage: UsageRepository;
  readonly userData: UserDataRepository;
  readonly users: UserRepository;
  readonly vectors: VectorRepository;
}

/** @param limits.memoriesOfUser Most memories of a user; without a number, any. */
export const createStore = (database: Database, limits: { memoriesOfUser?: number } = {}): Store => {
  const unlearned = createUnlearned(database);
  const memories = createMemoryRepository(database, limits.memoriesOfUser);
  /** What is kept in this process of a user's memories and messages. */
  const dropped = (owner: Owner) => {
    unlearned.deleted(owner);
    memories.dropped(owner);
  };
  return {
    isShared: database.dialect.engine === "postgres",
    hints: database.hints,
    now: database.now,
    write: (statements) => database.write(statements),
    close: () => database.close(),
    checkHealth: createHealthCheck(database),
    approvals: createApprovalRepository(database),
    audit: createAuditRepository(database),
    buffers: createBufferRepository(database, unlearned),
    credentials: createCredentialRepository(database),
    deliveries: createDeliveryRepository(database),
    forgetting: createForgettingRepository(database, dropped),
    ingestions: createIngestionRepository(database),
    jobs: createJobRepository(database),
    knowledge: createKnowledgeRepository(database),
    knowledgeSources: createKnowledgeSourceRepository(database),
    knowledgeVectors: createKnowledgeVectorRepository(database),
    lessons: createLessonRepository(database, unlearned),
    memories,
    requests: createRequestRepository(database),
    retentionTurns: createRetentionTurns(database),
    sessions: createSessionRepository(database, unlearned.deleted),
    summaries: createSummaryRepository(database),
    synopses: createSynopsisRepository(database),
    usage: createUsageRepository(database),
    userData: createUserDataRepository(database, dropped),
    users: createUserRepository(database),
    vectors: createVectorRepository(database),
  };
};
