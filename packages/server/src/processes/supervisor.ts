import type { Log } from "../logs/index.ts";
import { processLogFiles } from "../logs/index.ts";
import { createPortPool, type PortPool, type PortRange } from "./ports.ts";
import { type FormationProcess, type ProcessCommand, StartError, startProcess } from "./process.ts";

export interface SupervisorSettings {
  portRange: PortRange;
  /** Address that formations listen on. */
  bindHost: string;
  logsDirectory: string;
  autoRestart: boolean;
  maxRestarts: number;
  /** Pause before the first restart; it doubles with each crash, up to a minute. */
  restartDelayMs: number;
  healthEndpoint: string;
  healthTimeoutMs: number;
  healthIntervalMs: number;
  forceKillTimeoutMs: number;
}

/** contract/server-api.md 10.1 */
export type FormationStatus = "starting" | "running" | "stopping" | "stopped" | "crashed";

export interface FormationSpec {
  /** Owner of the port and base of the log file names: `<id>`, `<id>-draft`. */
  name: string;
  formationId: string;
  folder: string;
  /** A draft is not restarted after a crash, and its logs begin anew with each start. */
  draft: boolean;
}

export interface Formation extends FormationSpec {
  readonly port: number;
  readonly pid: number | undefined;
  readonly status: FormationStatus;
  readonly restartCount: number;
}

/** Makes the command that runs a formation folder on a port. */
export type MakeCommand = (formation: {
  formationId: string;
  folder: string;
  draft: boolean;
  port: number;
}) => ProcessCommand;

export interface SupervisorOptions {
  settings: SupervisorSettings;
  makeCommand: MakeCommand;
  log: Log;
}

export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
  readonly formation: Formation;

  constructor(formation: Formation) {
    super(`Formation '${formation.formationId}' is already running on port ${formation.port}`);
    this.formation = formation;
  }
}

const longestRestartDelayMs = 60_000;

interface Entry extends FormationSpec {
  port: number;
  pid: number | undefined;
  status: FormationStatus;
  restartCount: number;
  process?: FormationProcess;
  restartTimer?: NodeJS.Timeout;
  /** Settles when a start or restart has come to its end. */
  starting?: Promise<void>;
}

/** Starts, watches, restarts and stops formations (contract/server-api.md 10, 15). */
export class Supervisor {
  readonly #settings: SupervisorSettings;
  readonly #makeCommand: MakeCommand;
  readonly #log: Log;
  readonly #ports: PortPool;
  readonly #entries = new Map<string, Entry>();

  constructor({ settings, makeCommand, log }: SupervisorOptions) {
    this.#settings = settings;
    this.#makeCommand = makeCommand;
    this.#log = log;
    this.#ports = createPortPool(settings.portRange);
  }

  get(name: string): Formation | undefined {
    return this.#entries.get(name);
  }

  list(): Formation[] {
    return [...this.#entries.values()];
  }

  portCounts(): ReturnType<PortPool["counts"]> {
    return this.#ports.counts();
  }

  /**
   * Starts a formation and waits until it is healthy. A formation that crashed may be started again.
   *
   * @throws AlreadyRunningError when one of this name is starting or running.
   * @throws PortsExhaustedError when no port is free.
   * @throws StartError when it does not become healthy. It is stopped, and its port is free again.
   */
  async start(spec: FormationSpec): Promise<Formation> {
    const present = this.#entries.get(spec.name);
    if (present && present.status !== "crashed") throw new AlreadyRunningError(present);
    clearTimeout(present?.restartTimer);
    const entry: Entry = { ...spec, port: 0, pid: undefined, status: "starting", restartCount: 0 };
    // In the table before the first await: a second call for the same formation must see this one.
    this.#entries.set(spec.name, entry);
    entry.starting = this.#launch(entry);
    try {
      await entry.starting;
    } catch (error) {
      this.#forget(entry);
      throw error;
    }
    return entry;
  }

  /** Stops a formation and forgets it. False when none of this name is known. */
  async stop(name: string): Promise<boolean> {
    const entry = this.#entries.get(name);
    if (!entry) return false;
    entry.status = "stopping";
    clearTimeout(entry.restartTimer);
    await entry.process?.stop(this.#settings.forceKillTimeoutMs);
    // A start that was still under way notices the stop and stops what it spawned.
    await entry.starting?.catch(() => undefined);
    this.#forget(entry);
    this.#log.info({ formation: entry.formationId, port: entry.port }, "formation stopped");
    return true;
  }

  /** Stops everything, at the same time. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((name) => this.stop(name)));
  }

  #forget(entry: Entry): void {
    // A stop may have ended one start while another took the name.
    if (this.#entries.get(entry.name) !== entry) return;
    entry.status = "stopped";
    this.#entries.delete(entry.name);
    this.#ports.release(entry.name);
  }

  /** Spawns and waits for health. What it spawned does not outlive a failure. */
  async #launch(entry: Entry): Promise<void> {
    const settings = this.#settings;
    const { formationId, folder, draft } = entry;
    entry.port = await this.#ports.acquire(entry.name);
    if (entry.status !== "starting") throw stoppedWhileStarting(entry);
    const process = await startProcess({
      ...this.#makeCommand({ formationId, folder, draft, port: entry.port }),
      logsDirectory: settings.logsDirectory,
      logs: processLogFiles(settings.logsDirectory, entry.name),
      truncateLogs: draft,
    });
    entry.process = process;
    entry.pid = process.pid;
    try {
      if (entry.status !== "starting") throw stoppedWhileStarting(entry);
      await process.healthy({
        url: `http://127.0.0.1:${entry.port}${settings.healthEndpoint}`,
        timeoutMs: settings.healthTimeoutMs,
        intervalMs: settings.healthIntervalMs,
      });
      if (entry.status !== "starting") throw stoppedWhileStarting(entry);
    } catch (error) {
      await process.stop(settings.forceKillTimeoutMs);
      entry.pid = undefined;
      throw error;
    }
    entry.status = "running";
    this.#log.info({ formation: formationId, port: entry.port, pid: process.pid }, "formation running");
    void process.exited.then((exit) => {
      if (entry.status !== "running") return;
      entry.pid = undefined;
      this.#log.error({ formation: formationId, ...exit }, "formation ended by itself");
      this.#crashed(entry);
    });
  }

  #crashed(entry: Entry): void {
    entry.status = "crashed";
    const { autoRestart, maxRestarts, restartDelayMs } = this.#settings;
    if (entry.draft || !autoRestart || entry.restartCount >= maxRestarts) return;
    const pause = Math.min(restartDelayMs * 2 ** entry.restartCount, longestRestartDelayMs);
    entry.restartTimer = setTimeout(() => {
      entry.status = "starting";
      entry.restartCount += 1;
      entry.starting = this.#launch(entry).catch((error: unknown) => {
        if (entry.status !== "starting") return;
        this.#log.error({ formation: entry.formationId, err: error }, "formation did not start again");
        this.#crashed(entry);
      });
    }, pause);
  }
}

const stoppedWhileStarting = (entry: Entry): StartError =>
  new StartError(`Formation '${entry.formationId}' was stopped while it was starting`);
