import type { ApiError, ChatResultBody, ChatWireEvent, RequestState } from "@muxi/protocol";
import { EventLog } from "../events/index.ts";

export interface RunIdentity {
  requestId: string;
  sessionId: string;
  userId: string;
}

/**
 * One request from its acceptance to its end. It lives apart from the connection that asked: a caller that drops can
 * come back for what it missed, and one that stays away still finds the answer in the session.
 */
export class Run {
  readonly identity: RunIdentity;
  readonly log = new EventLog();
  /** The answer. Rejects with the `ApiError` that ended the run. */
  readonly result: Promise<ChatResultBody>;
  readonly #cancellation = new AbortController();
  #state: RequestState = "processing";
  #resolve: (result: ChatResultBody) => void = () => {};
  #reject: (error: ApiError) => void = () => {};

  constructor(identity: RunIdentity) {
    this.identity = identity;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A streaming caller reads the error in the log and never looks at the result.
    this.result.catch(() => {});
  }

  get state(): RequestState {
    return this.#state;
  }

  /** Aborted when somebody stops the run. */
  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  /** Stops the run for a reason, which becomes its error. One that has ended stays as it is. */
  stop(reason: ApiError): void {
    if (this.#state === "processing") this.#cancellation.abort(reason);
  }

  complete(result: ChatResultBody, done: ChatWireEvent): void {
    this.#state = "completed";
    this.log.end(done);
    this.#resolve(result);
  }

  fail(error: ApiError): void {
    this.#state = error.code === "CANCELLED" ? "cancelled" : "failed";
    this.log.end({
      type: "error",
      code: error.code,
      message: error.message,
      error: error.message.slice(0, 200),
      ...(error.retryAfter !== undefined && { retry_after: error.retryAfter }),
      session_id: this.identity.sessionId,
      request_id: this.identity.requestId,
    });
    this.#reject(error);
  }
}
