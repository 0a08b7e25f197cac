import type { FormationProblem, TokensMessage } from "@muxi/protocol";
import { type Log, processLogFiles } from "../logs/index.ts";
import { createPortPool, type PortPool, type PortRange } from "./ports.ts";
import type { MakeCommand, ProcessSettings, Replica, StartWatch } from "./replica.ts";
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
  /** Called when the status, port or process of a formation has changed. */
  onChange?: (name: string) => void;
  /** Called with the tokens that a formation's requests have used. */
  onTokens?: (formation: FormationSpec, models: TokensMessage["models"]) => void;
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

/** What was in service until a promotion replaced it. */
export interface RetiredReplicas {
  readonly ports: readonly number[];
  /** Stops it and releases its ports. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts, monitors, restarts and stops formations (docs/spec/server-api.md "Lifecycle of a formation" and
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

  /** All formations in service and all drafts, but not what an update is testing. */
  list(): FormationState[] {
    return [...this.#groups.values()].filter(({ name, formationId, draft }) => draft || name === formationId);
  }

  portCounts(): ReturnType<PortPool["counts"]> {
    return this.#ports.counts();
  }

  /** Where the next request for a formation goes. Its processes take turns. */
  upstream(name: string): { port: number; status: string } | undefined {
    const group = this.#groups.get(name);
    return group && { port: group.nextPort() ?? group.port, status: group.status };
  }

  /** Whether all running processes of a formation are healthy; false if none is running. */
  async probe(name: string, timeoutMs: number): Promise<boolean> {
    const running = this.#groups.get(name)?.members.filter(({ status }) => status === "running") ?? [];
    const answers = await Promise.all(running.map((replica) => replica.probe(timeoutMs)));
    return answers.length > 0 && answers.every(Boolean);
  }

  /**
   * What a formation cannot use, as one of its running processes says; undefined if none is running.
   *
   * @throws StartError when the process ends or does not answer in time; the signal's reason.
   */
  async problems(
    name: string,
    options: Parameters<Replica["problems"]>[0],
  ): Promise<FormationProblem[] | undefined> {
    return this.#groups
      .get(name)
      ?.members.find(({ status }) => status === "running")
      ?.problems(options);
  }

  /**
   * Starts a formation and waits until it is healthy. A stopped or crashed one starts on its former ports.
   *
   * @throws AlreadyRunningError when one of this name is starting or running.
   * @throws PortsExhaustedError when no port is free.
   * @throws StartError when it does not become healthy. It is stopped then, or, if it is new, forgotten.
   */
  async start(spec: FormationSpec, watch: StartWatch = {}): Promise<FormationState> {
    const present = this.#groups.get(spec.name);
    const idle = present?.status === "stopped" || present?.status === "crashed";
    if (present && !idle) throw new AlreadyRunningError(present);
    if (present) await present.stop(0);
    const group = this.#createGroup(spec, present);
    // Before the first await, so that a second call for the same formation sees it.
    this.#groups.set(spec.name, group);
    try {
      await group.start(watch, this.#options.settings.forceKillTimeoutMs);
    } catch (error) {
      if (!present || spec.draft) this.#forget(group);
      throw error;
    }
    return group;
  }

  /**
   * Starts a formation after a restart of the server, on its former ports if they are free, and retries until it is
   * healthy.
   */
  restore(spec: FormationSpec, ports: readonly number[], restartCount: number): void {
    const group = this.hold(spec, ports, restartCount);
    for (const replica of group.members) replica.restore();
  }

  /** Adds a formation that stays stopped, and reserves its ports. */
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

  /** Stops a formation, which keeps its ports. False if there is none of this name. */
  async stop(name: string, graceMs = this.#options.settings.forceKillTimeoutMs): Promise<boolean> {
    const group = this.#groups.get(name);
    if (!group) return false;
    await group.stop(graceMs);
    this.#options.log.info({ formation: group.formationId, port: group.port }, "formation stopped");
    return true;
  }

  /** Stops a formation and forgets it. False if there is none of this name. */
  async remove(name: string, graceMs?: number): Promise<boolean> {
    const group = this.#groups.get(name);
    if (!group) return false;
    await this.stop(name, graceMs);
    this.#forget(group);
    return true;
  }

  /** Kills one process of a formation, which is then restarted as after a crash. */
  async kill(name: string, pid: number): Promise<void> {
    await this.#groups
      .get(name)
      ?.members.find((replica) => replica.pid === pid)
      ?.kill();
  }

  /** Counts a restart by the user. */
  countRestart(name: string): void {
    const group = this.#groups.get(name);
    if (group) group.earlierRestarts += 1;
  }

  /** Replaces one formation with another in one step, so that the next request goes to the new one. */
  promote(from: string, to: string): RetiredReplicas {
    const next = this.#groups.get(from);
    if (!next) throw new Error(`there is no formation ${from} to promote`);
    const old = this.#groups.get(to);
    this.#groups.delete(from);
    this.#groups.set(to, next);
    next.name = to;
    this.#options.onChange?.(to);
    if (!old) return { ports: [], stop: () => Promise.resolve() };
    next.earlierRestarts += old.restartCount;
    old.retire();
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

  /**
   * Starts nothing again from now on, and counts no restarts: what ends a server, such as systemd, may end its formations
   * at the same time, while the server still gives open requests their time.
   */
  retire(): void {
    for (const group of this.#groups.values()) group.retire();
  }

  /** Stops all formations at the same time. */
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
    const { settings, makeCommand, log, onChange, onTokens, now = Date.now } = this.#options;
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
      onTokens: (models) => onTokens?.(spec, models),
    });
    group.earlierRestarts = earlier?.restartCount ?? 0;
    return group;
  }

  #forget(group: ReplicaGroup): void {
    group.release();
    // Another group may have taken the name in the meantime.
    if (this.#groups.get(group.name) === group) this.#groups.delete(group.name);
  }
}
