import { type FormationStatus, Replica, type ReplicaOptions, type StartWatch } from "./replica.ts";

/** A formation folder to run, and in how many processes. */
export interface FormationSpec {
  /** `<id>`, `<id>-staging`, `<id>-rollback` or `<id>-draft` (docs/spec/server-api.md "Ports"). */
  name: string;
  formationId: string;
  folder: string;
  draft: boolean;
  /** Default 1. */
  replicas?: number;
  /** Variables that whoever started it gave it. They are kept in memory only. */
  environment?: Readonly<Record<string, string>>;
}

/** The current state of a formation. */
export interface FormationState extends FormationSpec {
  readonly status: FormationStatus;
  /** Port of the first process; 0 before the first start. */
  readonly port: number;
  readonly ports: readonly number[];
  /** Id of the first process. */
  readonly pid: number | undefined;
  readonly pids: readonly number[];
  readonly restartCount: number;
  /** Unix milliseconds. */
  readonly startedAt: number | undefined;
}

const order: readonly FormationStatus[] = ["running", "starting", "stopping", "crashed", "stopped"];

/** The processes that serve a formation folder. It counts as running while at least one of them is. */
export class ReplicaGroup implements FormationState {
  readonly formationId: string;
  readonly folder: string;
  readonly draft: boolean;
  readonly replicas: number;
  readonly members: readonly Replica[];
  name: string;
  /** Restarts of earlier groups of this name, and restarts by the user. */
  earlierRestarts = 0;
  #next = 0;

  constructor(
    spec: FormationSpec,
    ports: readonly number[],
    options: Omit<ReplicaOptions, "formationId" | "folder" | "draft" | "environment" | "port">,
  ) {
    const { name, formationId, folder, draft, replicas = 1, environment = {} } = spec;
    [this.name, this.formationId, this.folder, this.draft, this.replicas] = [
      name,
      formationId,
      folder,
      draft,
      replicas,
    ];
    this.members = Array.from(
      { length: replicas },
      (_, index) => new Replica({ ...options, formationId, folder, draft, environment, port: ports[index] }),
    );
  }

  get status(): FormationStatus {
    return order.find((status) => this.members.some((replica) => replica.status === status)) ?? "stopped";
  }

  get port(): number {
    return this.members[0]?.port ?? 0;
  }

  get ports(): number[] {
    return this.members.map(({ port }) => port).filter((port) => port !== 0);
  }

  get pid(): number | undefined {
    return this.pids[0];
  }

  get pids(): number[] {
    return this.members.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  get restartCount(): number {
    return this.members.reduce((sum, { restarts }) => sum + restarts, this.earlierRestarts);
  }

  get startedAt(): number | undefined {
    return this.members[0]?.startedAt;
  }

  /** The port of the next running process, in turn. */
  nextPort(): number | undefined {
    const { length } = this.members;
    for (let step = 0; step < length; step += 1) {
      const replica = this.members[(this.#next + step) % length];
      if (replica?.status !== "running") continue;
      this.#next = (this.#next + step + 1) % length;
      return replica.port;
    }
    return undefined;
  }

  /** Starts all processes at the same time. If one fails, all are stopped. */
  async start({ signal, onSpawn, onAttempt }: StartWatch, stopMs: number): Promise<void> {
    const report = () => {
      if (this.pids.length === this.replicas) onSpawn?.(this.ports);
    };
    const starts = await Promise.allSettled(
      this.members.map((replica) => replica.start({ signal, onSpawn: report, onAttempt })),
    );
    const failed = starts.find((start) => start.status === "rejected");
    if (!failed) return;
    await this.stop(stopMs);
    throw failed.reason;
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.members.map((replica) => replica.stop(graceMs)));
  }

  /** Prevents further restarts. */
  retire(): void {
    for (const replica of this.members) replica.retire();
  }

  release(): void {
    for (const replica of this.members) replica.release();
  }
}
