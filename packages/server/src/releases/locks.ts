import { Failure } from "../base/failure.ts";

export type OperationKind =
  | "deployed"
  | "updated"
  | "rolled back"
  | "started"
  | "stopped"
  | "restarted"
  | "deleted";

export interface RunningOperation {
  kind: OperationKind;
  /** Cancels it, and resolves when it has ended, cancelled or not. */
  abort(reason: Failure): Promise<void>;
}

export interface Lock {
  /** Aborted when the operation is to be cancelled. */
  signal: AbortSignal;
  release: () => void;
}

/** Allows one operation at a time for each formation (docs/spec/server-api.md "Operations and locks"). */
export class Locks {
  readonly #running = new Map<string, RunningOperation>();

  get(id: string): RunningOperation | undefined {
    return this.#running.get(id);
  }

  async run<Result>(
    id: string,
    kind: OperationKind,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const lock = this.acquire(id, kind);
    try {
      return await work(lock.signal);
    } finally {
      lock.release();
    }
  }

  /** @throws Failure 409 while another operation on the formation is running. */
  acquire(id: string, kind: OperationKind): Lock {
    const other = this.#running.get(id);
    if (other) {
      const type = other.kind === "updated" ? "AlreadyUpdating" : "OperationInProgress";
      const message =
        kind === "updated" && other.kind === "updated"
          ? "Formation is already being updated"
          : `Formation '${id}' is being ${other.kind} right now. Try again when that has finished.`;
      throw new Failure(409, type, message);
    }
    const cancel = new AbortController();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#running.set(id, {
      kind,
      abort: (reason) => {
        cancel.abort(reason);
        return ended;
      },
    });
    return {
      signal: cancel.signal,
      release: () => {
        this.#running.delete(id);
        end();
      },
    };
  }

  /** Cancels all operations, and resolves when they have ended. */
  async close(): Promise<void> {
    const reason = new Failure(503, "ServerStopping", "The server is stopping");
    await Promise.all([...this.#running.values()].map((running) => running.abort(reason)));
  }
}
