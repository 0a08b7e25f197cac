/** Answers of the control plane (contract/server-api.md 8). */

/** Which version of a formation runs. */
export interface FormationVersion {
  /** From the formation's configuration. */
  semantic?: string;
  /** Hash of the bundle that runs. */
  current?: string;
  /** Hash of the bundle before it. */
  previous?: string;
}

/** A formation of a server, with its state as it is now. */
export interface DeployedFormation {
  id: string;
  name: string;
  port: number;
  pid: number;
  status: string;
  /** Seconds; 0 unless it runs. */
  uptime: number;
  restart_count: number;
  /** Null while it starts. */
  healthy: boolean | null;
  version?: FormationVersion;
}

/** The formations of a server. */
export interface DeployedFormationList {
  formations: DeployedFormation[];
  total: number;
}

/** One formation of a server. */
export interface DeployedFormationDetail extends DeployedFormation {
  created_at: string;
  deployed_at: string;
  updated_at: string;
  last_health_check?: string;
}

/** Where a new formation runs. */
export interface DeployResult {
  formation_id: string;
  port: number;
  status: string;
  url: string;
  health_url: string;
  pid: number;
}

/** What an update did. */
export interface UpdateResult {
  id: string;
  status: string;
  /** Counters of deployments, not semantic versions. */
  version: number;
  previous_version: number;
  port: number;
  pid: number;
  message: string;
  deployment_type: string;
}

/** What a rollback did. */
export interface RollbackResult {
  id: string;
  status: string;
  version: number;
  previous_version: number;
  pid: number;
  message: string;
}

/** What stop, start, restart and delete say. */
export interface LifecycleResult {
  id: string;
  status?: string;
  message: string;
  port?: number;
  restart_count?: number;
}

/** What is left of an update that was broken off. */
export interface CancelUpdateResult {
  message: string;
  formation_id: string;
  staging_port: number;
  status: string;
  current_port: number;
}

/** The last lines of a formation's output. */
export interface FormationLogs {
  formation_id: string;
  logs: { stdout: string[]; stderr: string[] };
  total_lines: { stdout: number; stderr: number };
}

/** A step of a deployment (contract/server-api.md 17.2). */
export interface OperationProgress {
  stage: string;
  message: string;
  /** 0 to 100. */
  progress?: number;
  [field: string]: unknown;
}

/** The end of a deployment. */
export interface OperationComplete {
  formation_id: string;
  port: number;
  status: string;
  [field: string]: unknown;
}

/** A line of a formation's output. */
export interface FormationLogLine {
  line: string;
  formation_id: string;
}
