import { join } from "node:path";
import { backoff } from "@muxi/http";
import type { Log, ProcessLogFiles } from "../logs/index.ts";
import { isFree, type PortPool } from "./ports.ts";
import {
  answersWell,
  type FormationProcess,
  type ProcessCommand,
  StartError,
  startProcess,
} from "./process.ts";

/** docs/spec/server-api.md "Lifecycle of a formation" */
export type FormationStatus = "starting" | "running" | "stopping" | "stopped" | "crashed";

/** Makes the command that runs a formation folder on a port. */
export type MakeCommand = (formation: {
  formationId: string;
  folder: string;
  draft: boolean;
  port: number;
}) => ProcessCommand;

/** How formations are run and watched (docs/spec/server-api.md "Supervision"). */
export interface ProcessSettings {
  pidsDirectory: string;
  autoRestart: boolean;
  /** Crashes in a row after which a formation is left alone. */
  maxRestarts: number;
  /** Pause before the first restart; it doubles with each crash in a row, up to a minute. */
  restartDelayMs: number;
  healthEndpoint: string;
  /** Takes an answer of any status for health: what is run has no health address of its own. */
  anyAnswerIsHealthy: boolean;
  healthTimeoutMs: number;
  healthIntervalMs: number;
  forceKillTimeoutMs: number;
}

/** What one who waits for a start may follow, and how he breaks it off. */
export interface StartWatch {
  signal?: AbortSignal | undefined;
  onSpawn?: ((ports: number[]) => void) | undefined;
  onAttempt?: ((attempt: number) => void) | undefined;
}

export interface ReplicaOptions {
  formationId: string;
  folder: string;
  /** A draft is not restarted after a crash, and its logs begin anew with each start. */
  draft: boolean;
  logs: ProcessLogFiles;
  /** Kept for this replica before; undefined takes the next free one. */
  port: number | undefined;
  ports: PortPool;
  settings: ProcessSettings;
  makeCommand: MakeCommand;
  log: Log;
  now: () => number;
  /** Told after each change of status, port or process. */
  onChange: () => void;
}

const longestRestartDelayMs = 60_000;
/** A formation that ran this long before it crashed is not in a crash loop. */
const stableAfterMs = 60_000;
const portClashes = 10;

/** One process of a formation, over all its restarts: it keeps its port and comes back after a crash. */
export class Replica {
  readonly #options: ReplicaOptions;
  #status: FormationStatus = "stopped";
  #port: number | undefined;
  #process: FormationProcess | undefined;
  #startedAt: number | undefined;
  #restarts = 0;
  #crashesInARow = 0;
  #mayRestart: boolean;
  #restartTimer: NodeJS.Timeout | undefined;
  /** Settles when a start or restart has come to its end. */
  #starting: Promise<void> = Promise.resolve();

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#mayRestart = options.settings.autoRestart && !options.draft;
  }

  get status(): FormationStatus {
    return this.#status;
  }

  /** 0 before the first start. */
  get port(): number {
    return this.#port ?? 0;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Unix milliseconds of the last spawn. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get healthUrl(): string {
    return `http://127.0.0.1:${this.port}${this.#options.settings.healthEndpoint}`;
  }

  /**
   * Starts and waits until it is healthy.
   *
   * @throws StartError when it does not become healthy, PortsExhaustedError when no port is free, the signal's
   * reason when it was broken off. Nothing runs then.
   */
  async start(watch: StartWatch): Promise<void> {
    clearTimeout(this.#restartTimer);
    this.#crashesInARow = 0;
    this.#become("starting");
    this.#starting = this.#launch(watch);
    try {
      await this.#starting;
    } catch (error) {
      this.#become("stopped");
      throw error;
    }
  }

  /** Starts, but waits for nothing: a failure counts as a crash and is tried again. */
  restore(): void {
    this.#become("starting");
    this.#starting = this.#relaunch();
  }

  /** Ends it and leaves it stopped, with its port kept. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#restartTimer);
    this.#become("stopping");
    await this.#process?.stop(graceMs);
    // A start that was still under way notices the stop and stops what it spawned.
    await this.#starting.catch(() => undefined);
    this.#become("stopped");
  }

  /** No restart after this: for one that only ends what it has begun. */
  retire(): void {
    this.#mayRestart = false;
    clearTimeout(this.#restartTimer);
  }

  /** Ends the process as if it had crashed, so that it is started again. Meanwhile no request goes to it. */
  async kill(): Promise<void> {
    if (this.#status !== "running") return;
    this.#become("crashed");
    await this.#process?.stop(this.#options.settings.forceKillTimeoutMs);
  }

  /** Gives the port back. */
  release(): void {
    if (this.#port !== undefined) this.#options.ports.release(this.#port);
    this.#port = undefined;
  }

  /** Whether it answers now. */
  probe(timeoutMs: number): Promise<boolean> {
    const { anyAnswerIsHealthy: anyAnswer } = this.#options.settings;
    return answersWell({ url: this.healthUrl, anyAnswer }, AbortSignal.timeout(timeoutMs));
  }

  #become(status: FormationStatus): void {
    this.#status = status;
    this.#options.onChange();
  }

  /** Starts on its port; when another program takes that in between, on the next. */
  async #launch(watch: StartWatch): Promise<void> {
    for (let clashes = 0; ; clashes += 1) {
      try {
        // The old one stands until there is another: a server killed meanwhile finds it in the registry.
        this.#port = await this.#options.ports.acquire(this.#port);
      } catch (error) {
        this.#port = undefined;
        throw error;
      }
      this.#requireStarting(watch.signal);
      try {
        return await this.#spawn(watch);
      } catch (error) {
        const clash = error instanceof StartError && !(await isFree(this.port));
        if (!clash || this.#status !== "starting" || clashes === portClashes) throw error;
      }
    }
  }

  /** Spawns and waits for health. What it spawned does not outlive a failure. */
  async #spawn({ signal, onSpawn, onAttempt }: StartWatch): Promise<void> {
    const { formationId, folder, draft, logs, settings, makeCommand, log, now } = this.#options;
    const process = await startProcess({
      ...makeCommand({ formationId, folder, draft, port: this.port }),
      logs,
      truncateLogs: draft,
      pidFile: join(settings.pidsDirectory, `${formationId}-${this.port}.pid`),
    });
    this.#process = process;
    this.#startedAt = now();
    this.#options.onChange();
    onSpawn?.([this.port]);
    try {
      this.#requireStarting(signal);
      await process.healthy({
        url: this.healthUrl,
        anyAnswer: settings.anyAnswerIsHealthy,
        timeoutMs: settings.healthTimeoutMs,
        intervalMs: settings.healthIntervalMs,
        signal,
        onAttempt,
      });
      this.#requireStarting(signal);
    } catch (error) {
      await process.stop(settings.forceKillTimeoutMs);
      this.#process = undefined;
      throw error;
    }
    this.#become("running");
    log.info({ formation: formationId, port: this.port, pid: process.pid }, "formation running");
    void process.exited.then((exit) => {
      this.#process = undefined;
      // "crashed" already when it was killed.
      if (this.#status !== "running" && this.#status !== "crashed") return;
      log.error({ formation: formationId, ...exit }, "formation ended by itself");
      if (now() - (this.#startedAt ?? 0) >= stableAfterMs) this.#crashesInARow = 0;
      this.#crashed();
    });
  }

  #requireStarting(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#status !== "starting") {
      throw new StartError(`Formation '${this.#options.formationId}' was stopped while it was starting`);
    }
  }

  #crashed(): void {
    this.#become("crashed");
    const { settings, formationId, log } = this.#options;
    const { maxRestarts, restartDelayMs } = settings;
    if (!this.#mayRestart) return;
    if (this.#crashesInARow >= maxRestarts) {
      log.error({ formation: formationId, crashes: this.#crashesInARow + 1 }, "formation is in a crash loop");
      return;
    }
    const failures = this.#crashesInARow + 1;
    const pause = backoff(failures, { first: restartDelayMs, longest: longestRestartDelayMs });
    this.#restartTimer = setTimeout(() => {
      this.#restarts += 1;
      this.#crashesInARow += 1;
      this.restore();
    }, pause);
  }

  async #relaunch(): Promise<void> {
    try {
      await this.#launch({});
    } catch (error) {
      if (this.#status !== "starting") return;
      this.#options.log.error(
        { formation: this.#options.formationId, err: error },
        "formation did not start",
      );
      this.#crashed();
    }
  }
}
