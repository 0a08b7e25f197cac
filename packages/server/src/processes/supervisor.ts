import { type Log, processLogFiles } from "../logs/index.ts";
import { createPortPool, type PortPool, type PortRange } from "./ports.ts";
import type { MakeCommand, ProcessSettings, StartWatch } from "./replica.ts";
import { type FormationSpec, type FormationState, ReplicaGroup } from "./replica-group.ts";

export interface SupervisorSettings extends ProcessSettings {
  portRange: PortRange;
  /** Address that formations listen on. */
  bindHost: string;
  logsDirectory: string;
}

export interface SupervisorOptions {
  settings: SupervisorSettings;
  makeCommand: MakeCommand;
  log: Log;
  /** Told when status, port or process of a formation has changed. */
  onChange?: (name: string) => void;
  /** Unix milliseconds. Default: the clock. */
  now?: () => number;
}

export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
  readonly formation: FormationState;

  constructor(formation: FormationState) {
    super(`Formation '${formation.formationId}' is already running on port ${formation.port}`);
    this.formation = formation;
  }
}

/** What was in service until another took its name. */
export interface RetiredReplicas {
  readonly ports: readonly number[];
  /** Ends it and gives its ports back. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts, watches, restarts and stops formations (docs/spec/server-api.md "Lifecycle of a formation" and
 * "Supervision").
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #ports: PortPool;
  readonly #groups = new Map<string, ReplicaGroup>();
  readonly #retired = new Set<ReplicaGroup>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#ports = createPortPool(options.settings.portRange);
  }

  get(name: string): FormationState | undefined {
    return this.#groups.get(name);
  }

  /** Drafts, and what is in service; not what an update tries out. */
  list(): FormationState[] {
    return [...this.#groups.values()].filter(({ name, formationId, draft }) => draft || name === formationId);
  }

  portCounts(): ReturnType<PortPool["counts"]> {
    return this.#ports.counts();
  }

  /** Where the next request for a formation goes: to its processes in turn. */
  upstream(name: string): { port: number; status: string } | undefined {
    const group = this.#groups.get(name);
    return group && { port: group.nextPort() ?? group.port, status: group.status };
  }

  /** Asks all processes of a formation whether they are well; false when none of this name runs. */
  async probe(name: string, timeoutMs: number): Promise<boolean> {
    const running = this.#groups.get(name)?.members.filter(({ status }) => status === "running") ?? [];
    const answers = await Promise.all(running.map((replica) => replica.probe(timeoutMs)));
    return answers.length > 0 && answers.every(Boolean);
  }

  /**
   * Starts a formation and waits until it is healthy. One that is stopped or crashed starts on the port it had.
   *
   * @throws AlreadyRunningError when one of this name is starting or running.
   * @throws PortsExhaustedError when no port is free.
   * @throws StartError when it does not become healthy. It is stopped then; what was not known before is
   * forgotten again.
   */
  async start(spec: FormationSpec, watch: StartWatch = {}): Promise<FormationState> {
    const present = this.#groups.get(spec.name);
    const idle = present?.status === "stopped" || present?.status === "crashed";
    if (present && !idle) throw new AlreadyRunningError(present);
    if (present) await present.stop(0);
    const group = this.#createGroup(spec, present);
    // In the table before the first await of a new one: a second call for the same formation must see it.
    this.#groups.set(spec.name, group);
    try {
      await group.start(watch, this.#options.settings.forceKillTimeoutMs);
    } catch (error) {
      if (!present || spec.draft) this.#forget(group);
      throw error;
    }
    return group;
  }

  /** Brings a formation back after a restart of the server: on its ports if they are free, until it is healthy. */
  restore(spec: FormationSpec, ports: readonly number[], restartCount: number): void {
    const group = this.hold(spec, ports, restartCount);
    for (const replica of group.members) replica.restore();
  }

  /** Keeps a stopped formation and its ports in mind. */
  hold(spec: FormationSpec, ports: readonly number[], restartCount: number): ReplicaGroup {
    const group = this.#createGroup(
      spec,
      undefined,
      ports.filter((port) => this.#ports.reserve(port)),
    );
    group.earlierRestarts = restartCount;
    this.#groups.set(spec.name, group);
    return group;
  }

  /** Stops a formation and keeps its ports for it. False when none of this name is known. */
  async stop(name: string, graceMs = this.#options.settings.forceKillTimeoutMs): Promise<boolean> {
    const group = this.#groups.get(name);
    if (!group) return false;
    await group.stop(graceMs);
    this.#options.log.info({ formation: group.formationId, port: group.port }, "formation stopped");
    return true;
  }

  /** Stops a formation and forgets it. False when none of this name is known. */
  async remove(name: string, graceMs?: number): Promise<boolean> {
    const group = this.#groups.get(name);
    if (!group) return false;
    await this.stop(name, graceMs);
    this.#forget(group);
    return true;
  }

  /** Kills one process of a formation; it comes back as after a crash. */
  async kill(name: string, pid: number): Promise<void> {
    await this.#groups
      .get(name)
      ?.members.find((replica) => replica.pid === pid)
      ?.kill();
  }

  /** Counts a restart by hand. */
  countRestart(name: string): void {
    const group = this.#groups.get(name);
    if (group) group.earlierRestarts += 1;
  }

  /** Puts a formation in the place of another, in one step: the next request finds it there. */
  promote(from: string, to: string): RetiredReplicas {
    const next = this.#groups.get(from);
    if (!next) throw new Error(`no formation ${from} to put in service`);
    const old = this.#groups.get(to);
    this.#groups.delete(from);
    this.#groups.set(to, next);
    next.name = to;
    this.#options.onChange?.(to);
    if (!old) return { ports: [], stop: () => Promise.resolve() };
    next.earlierRestarts += old.restartCount;
    for (const replica of old.members) replica.retire();
    this.#retired.add(old);
    return {
      ports: old.ports,
      stop: async (graceMs) => {
        await old.stop(graceMs);
        old.release();
        this.#retired.delete(old);
      },
    };
  }

  /** Stops everything, at the same time. */
  async close(): Promise<void> {
    const { forceKillTimeoutMs } = this.#options.settings;
    const groups = [...this.#groups.values(), ...this.#retired];
    await Promise.all(groups.map((group) => group.stop(forceKillTimeoutMs)));
    for (const group of groups) group.release();
    this.#groups.clear();
  }

  #createGroup(
    spec: FormationSpec,
    earlier?: ReplicaGroup,
    ports: readonly number[] = earlier?.ports ?? [],
  ): ReplicaGroup {
    const { settings, makeCommand, log, onChange, now = Date.now } = this.#options;
    const logName = spec.draft ? spec.name : spec.formationId;
    const group: ReplicaGroup = new ReplicaGroup(spec, ports, {
      logs: processLogFiles(settings.logsDirectory, logName),
      ports: this.#ports,
      settings,
      makeCommand,
      log,
      now,
      onChange: () => {
        if (this.#groups.get(group.name) === group) onChange?.(group.name);
      },
    });
    group.earlierRestarts = earlier?.restartCount ?? 0;
    return group;
  }

  #forget(group: ReplicaGroup): void {
    group.release();
    // A stop may have ended one start while another took the name.
    if (this.#groups.get(group.name) === group) this.#groups.delete(group.name);
  }
}
