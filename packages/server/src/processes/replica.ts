import { join } from "node:path";
import { backoff } from "@muxi/http";
import type { FormationProblem } from "@muxi/protocol";
import type { Log, ProcessLogFiles } from "../logs/index.ts";
import { isFree, type PortPool } from "./ports.ts";
import {
  type FormationProcess,
  isHealthy,
  type ProcessCommand,
  type ProcessOptions,
  StartError,
  startProcess,
} from "./process.ts";

/** The status of a formation (docs/spec/server-api.md "Lifecycle of a formation"). */
export type FormationStatus = "starting" | "running" | "stopping" | "stopped" | "crashed";

/** Makes the command that runs a formation folder on a port. */
export type MakeCommand = (formation: {
  formationId: string;
  folder: string;
  draft: boolean;
  environment: Readonly<Record<string, string>>;
  port: number;
}) => ProcessCommand;

/** How formations are run and supervised (docs/spec/server-api.md "Supervision"). */
export interface ProcessSettings {
  pidsDirectory: string;
  autoRestart: boolean;
  /** Consecutive crashes after which a formation is not restarted. */
  maxRestarts: number;
  /** Wait before the first restart. It doubles with each consecutive crash, up to a minute. */
  restartDelayMs: number;
  healthEndpoint: string;
  /** Counts a response with any status as healthy, for programs without a health check of their own. */
  anyStatusIsHealthy: boolean;
  healthTimeoutMs: number;
  healthIntervalMs: number;
  forceKillTimeoutMs: number;
}

/** For following and cancelling a start. */
export interface StartWatch {
  signal?: AbortSignal | undefined;
  onSpawn?: ((ports: number[]) => void) | undefined;
  onAttempt?: ((attempt: number) => void) | undefined;
}

export interface ReplicaOptions {
  formationId: string;
  folder: string;
  /** A draft is not restarted after a crash, and each start truncates its logs. */
  draft: boolean;
  environment: Readonly<Record<string, string>>;
  logs: ProcessLogFiles;
  /** The port that this replica had before; undefined takes the next free one. */
  port: number | undefined;
  ports: PortPool;
  settings: ProcessSettings;
  makeCommand: MakeCommand;
  log: Log;
  now: () => number;
  /** Called after each change of status, port or process. */
  onChange: () => void;
  onTokens: ProcessOptions["onTokens"];
}

/** Before a crashed formation is started again, in milliseconds (docs/spec/server-api.md "Supervision"). */
const restartWaits = { longest: 60_000 };
/** A formation that ran for this long before it crashed is not in a crash loop. */
const stableAfterMs = 60_000;
const portClashes = 10;

/** One process of a formation across its restarts: it keeps its port, and is restarted after a crash. */
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
  /** Settles when the current start or restart has succeeded or failed. */
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

  /** When it was last started, in Unix milliseconds. */
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
   * Starts the process and waits until it is healthy.
   *
   * @throws StartError when it does not become healthy, PortsExhaustedError when no port is free, the signal's reason
   * when the start was cancelled. Nothing is running then.
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

  /** Starts the process without waiting. A failure counts as a crash, and is retried. */
  restore(): void {
    this.#become("starting");
    this.#starting = this.#relaunch();
  }

  /** Stops the process. The replica keeps its port. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#restartTimer);
    this.#become("stopping");
    await this.#process?.stop(graceMs);
    // A start that is still in progress notices the new status, and stops what it started.
    await this.#starting.catch(() => undefined);
    this.#become("stopped");
  }

  /** Prevents further restarts, for a replica that only finishes its open requests, or whose server ends. */
  retire(): void {
    this.#mayRestart = false;
    clearTimeout(this.#restartTimer);
  }

  /** Ends the process as if it had crashed, so that it is restarted. It gets no requests in the meantime. */
  async kill(): Promise<void> {
    if (this.#status !== "running") return;
    this.#become("crashed");
    await this.#process?.stop(this.#options.settings.forceKillTimeoutMs);
  }

  /** Releases the port. */
  release(): void {
    if (this.#port !== undefined) this.#options.ports.release(this.#port);
    this.#port = undefined;
  }

  /** Whether it is healthy now. */
  probe(timeoutMs: number): Promise<boolean> {
    const { anyStatusIsHealthy: anyStatus } = this.#options.settings;
    return isHealthy({ url: this.healthUrl, anyStatus }, AbortSignal.timeout(timeoutMs));
  }

  /** What it cannot use; undefined when it does not run. @throws as `FormationProcess.problems` */
  async problems(
    options: Parameters<FormationProcess["problems"]>[0],
  ): Promise<FormationProblem[] | undefined> {
    return this.#status === "running" ? this.#process?.problems(options) : undefined;
  }

  #become(status: FormationStatus): void {
    this.#status = status;
    this.#options.onChange();
  }

  /** Starts on its port, or, if another program takes that port in the meantime, on the next one. */
  async #launch(watch: StartWatch): Promise<void> {
    for (let clashes = 0; ; clashes += 1) {
      try {
        // The old port stays recorded until there is a new one, so that the next server finds it if this one is
        // killed.
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

  /** Starts the process and waits until it is healthy. After a failure the process is stopped. */
  async #spawn({ signal, onSpawn, onAttempt }: StartWatch): Promise<void> {
    const { formationId, folder, draft, environment, logs, settings, makeCommand, log, now } = this.#options;
    const process = await startProcess({
      ...makeCommand({ formationId, folder, draft, environment, port: this.port }),
      logs,
      truncateLogs: draft,
      pidFile: join(settings.pidsDirectory, `${formationId}-${this.port}.pid`),
      onTokens: this.#options.onTokens,
    });
    this.#process = process;
    this.#startedAt = now();
    this.#options.onChange();
    onSpawn?.([this.port]);
    try {
      this.#requireStarting(signal);
      await process.healthy({
        url: this.healthUrl,
        anyStatus: settings.anyStatusIsHealthy,
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
      // It is "crashed" already if it was killed.
      if (this.#status !== "running" && this.#status !== "crashed") return;
      log.error({ formation: formationId, ...exit }, "formation exited unexpectedly");
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
      log.error(
        { formation: formationId, crashes: this.#crashesInARow + 1 },
        "formation is in a crash loop and is not restarted",
      );
      return;
    }
    const failures = this.#crashesInARow + 1;
    const pause = backoff(failures, { ...restartWaits, first: restartDelayMs });
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
