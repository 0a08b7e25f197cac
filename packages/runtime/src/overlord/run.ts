import {
  ApiError,
  type ChatResultBody,
  type ChatWireEvent,
  type ErrorCode,
  errorTable,
  type RequestState,
} from "@muxi/protocol";
import { EventLog } from "../events/index.ts";
import { asks } from "../store/index.ts";
import { cancelled, interrupted } from "./reasons.ts";

export interface RunIdentity {
  requestId: string;
  sessionId: string;
  userId: string;
}

type DoneEvent = Extract<ChatWireEvent, { type: "done" }>;

/** The answer as one object, made from the events of its stream. */
const resultOf = ({ userId }: RunIdentity, log: EventLog, done: DoneEvent): ChatResultBody => {
  const {
    session_id,
    request_id,
    finish_reason,
    model,
    agent_id,
    usage,
    clarification,
    interrupt,
    workflow,
    object,
    metadata,
  } = done;
  return {
    message: {
      role: "assistant",
      content: log.text,
      ...(object !== undefined && { object }),
      metadata: {
        session_id,
        agent_id,
        model,
        finish_reason,
        ...(clarification && { clarification }),
        ...(interrupt && { interrupt }),
        ...workflow,
        ...metadata,
      },
    },
    user_id: userId,
    session_id,
    request_id,
    usage,
  };
};

const isCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);

const errorOf = ({ code, message, retry_after }: Extract<ChatWireEvent, { type: "error" }>): ApiError =>
  new ApiError(isCode(code) ? code : "INTERNAL_ERROR", message, {
    ...(retry_after !== undefined && { retryAfter: retry_after }),
  });

/**
 * One request from its acceptance to its end. It does not depend on the caller's connection: a caller whose connection
 * drops can come back for what it missed, and one that stays away still finds the answer in the session.
 */
export class Run {
  readonly identity: RunIdentity;
  readonly log: EventLog;
  /** The answer. Rejects with the `ApiError` that ended the run, which names its request. */
  readonly result: Promise<ChatResultBody>;
  readonly #cancellation = new AbortController();
  #state: RequestState = "processing";
  /** Whether its request is stored. */
  isStored = false;
  /** Whether messages that are meant for its agent may wait in its session. */
  isSteered = false;
  /** Unix milliseconds of the end. */
  endedAt: number | undefined;
  #resolve: (result: ChatResultBody) => void = () => {};
  #reject: (error: ApiError) => void = () => {};

  constructor(identity: RunIdentity, log = new EventLog()) {
    this.identity = identity;
    this.log = log;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = (error) => reject(error.ofRequest(identity.requestId));
    });
    // A streaming caller reads the error in the log and never awaits the result.
    this.result.catch(() => {});
  }

  /** A run that has ended earlier. */
  static ofStored(identity: RunIdentity, log: EventLog, endedAt: number | null): Run {
    const run = new Run(identity, log);
    run.#state = log.lastEvent?.type === "done" ? "completed" : "failed";
    run.endedAt = endedAt ?? undefined;
    run.#settle();
    return run;
  }

  /** The run of a request in another process, whose events come through `log`. */
  static elsewhere(identity: RunIdentity, log: EventLog): Run {
    const run = new Run(identity, log);
    const stop = log.listen(() => {
      if (!log.closed) return;
      stop();
      run.#settle();
    });
    return run;
  }

  /** Gives the result that stands in the log. */
  #settle(): void {
    const { lastEvent } = this.log;
    if (lastEvent?.type === "done") this.#resolve(resultOf(this.identity, this.log, lastEvent));
    else if (lastEvent?.type === "error") this.#reject(errorOf(lastEvent));
    else
      this.#reject(new ApiError("SERVICE_UNAVAILABLE", "The request could not be followed: send it again"));
  }

  get state(): RequestState {
    return this.#state;
  }

  /** Aborted when the run is stopped. */
  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  /** Stops the run for a reason, which becomes its error. One that has ended stays as it is. */
  stop(reason: ApiError): void {
    if (this.#state === "processing") this.#cancellation.abort(reason);
  }

  /** Does what was asked of its request: one of `asks`, or nothing. */
  heed(what: number): void {
    if (what === asks.cancel) this.stop(cancelled);
    else if (what === asks.interrupt) this.stop(interrupted);
    else if (what === asks.steer) this.isSteered = true;
  }

  complete(done: DoneEvent, endedAt: number): void {
    this.#state = done.clarification ? "awaiting_clarification" : "completed";
    this.endedAt = endedAt;
    this.log.end(done);
    this.#resolve(resultOf(this.identity, this.log, done));
  }

  fail(error: ApiError, event: ChatWireEvent): void {
    this.#state = error.code === "CANCELLED" ? "cancelled" : "failed";
    this.log.end(event);
    this.#reject(error);
  }

  /** Ends the run here and leaves its request to another process. */
  leave(reason: ApiError): void {
    this.#state = "pending";
    this.log.leave();
    this.#reject(reason);
  }
}
