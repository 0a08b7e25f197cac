import { type AgentMethods, createAgents } from "./agents.ts";
import { type ApprovalMethods, createApprovals } from "./approvals.ts";
import { type ArtifactMethods, createArtifacts } from "./artifacts.ts";
import { type AudioMethods, createAudio } from "./audio.ts";
import { type AuditMethods, createAudit } from "./audit.ts";
import { type BufferMethods, createBuffers } from "./buffers.ts";
import { type CredentialMethods, createCredentials } from "./credentials.ts";
import { createDeliveries, type DeliveryMethods } from "./deliveries.ts";
import { createEvents, type EventMethods } from "./events.ts";
import { createKnowledge, type KnowledgeMethods } from "./knowledge.ts";
import { createLogs, type LogMethods } from "./logs.ts";
import { createMcp, type McpMethods } from "./mcp.ts";
import { createMemories, type MemoryMethods } from "./memories.ts";
import { createNotifications, type NotificationMethods } from "./notifications.ts";
import { createRequests, type RequestMethods } from "./requests.ts";
import { createScheduler, type SchedulerMethods } from "./scheduler.ts";
import { createSecrets, type SecretMethods } from "./secrets.ts";
import { createSessions, type SessionMethods } from "./sessions.ts";
import { createSettings, type SettingMethods } from "./settings.ts";
import { createSkills, type SkillMethods } from "./skills.ts";
import { createSops, type SopMethods } from "./sops.ts";
import { createSystem, type SystemMethods } from "./system.ts";
import { createTriggers, type TriggerMethods } from "./triggers.ts";
import { createTuning, type TuningMethods } from "./tuning.ts";
import { createUsage, type UsageMethods } from "./usage.ts";
import { createUsers, type UserMethods } from "./users.ts";

/** The calls to a formation, by what they are about. */
export interface FormationGroups {
  /** The agents of the formation. */
  readonly agents: AgentMethods;
  /** What users have approved once and for all. */
  readonly approvals: ApprovalMethods;
  /** Files that agents have made for a user. */
  readonly artifacts: ArtifactMethods;
  /** Chats by voice. */
  readonly audio: AudioMethods;
  /** Who changed what. */
  readonly audit: AuditMethods;
  /** The recent messages of users. */
  readonly buffers: BufferMethods;
  /** What users lend the formation to act for them. */
  readonly credentials: CredentialMethods;
  /** Webhooks that the formation sends. */
  readonly deliveries: DeliveryMethods;
  /** What happens in sessions. */
  readonly events: EventMethods;
  /** What agents know from documents. */
  readonly knowledge: KnowledgeMethods;
  /** The formation's log. */
  readonly logs: LogMethods;
  /** MCP servers and their tools. */
  readonly mcp: McpMethods;
  /** Long-term memory. */
  readonly memories: MemoryMethods;
  /** Messages to users outside of a chat. */
  readonly notifications: NotificationMethods;
  /** Chats, triggers and runs of jobs, in the background or not. */
  readonly requests: RequestMethods;
  /** Messages that are said on a schedule. */
  readonly scheduler: SchedulerMethods;
  /** The formation's secrets. */
  readonly secrets: SecretMethods;
  /** Conversations and their messages. */
  readonly sessions: SessionMethods;
  /** The parts of the configuration. */
  readonly settings: SettingMethods;
  /** What agents have learnt to do. */
  readonly skills: SkillMethods;
  /** Standard operating procedures. */
  readonly sops: SopMethods;
  /** The formation as a whole. */
  readonly system: SystemMethods;
  /** Prompts that programs fire. */
  readonly triggers: TriggerMethods;
  /** The tuning document. */
  readonly tuning: TuningMethods;
  /** Tokens and cost of requests. */
  readonly usage: UsageMethods;
  /** Users and their identifiers. */
  readonly users: UserMethods;
}

/** The groups, whose methods find the caller in `this`. */
export const createGroups = (): FormationGroups => ({
  agents: createAgents(),
  approvals: createApprovals(),
  artifacts: createArtifacts(),
  audio: createAudio(),
  audit: createAudit(),
  buffers: createBuffers(),
  credentials: createCredentials(),
  deliveries: createDeliveries(),
  events: createEvents(),
  knowledge: createKnowledge(),
  logs: createLogs(),
  mcp: createMcp(),
  memories: createMemories(),
  notifications: createNotifications(),
  requests: createRequests(),
  scheduler: createScheduler(),
  secrets: createSecrets(),
  sessions: createSessions(),
  settings: createSettings(),
  skills: createSkills(),
  sops: createSops(),
  system: createSystem(),
  triggers: createTriggers(),
  tuning: createTuning(),
  usage: createUsage(),
  users: createUsers(),
});
