import { createPlaces, type Places } from "@muxi/http";
import type { Usage } from "@muxi/protocol";
import type { ToolOutcome } from "../tools/index.ts";

/** When calls end (docs/spec/formation-files.md "Tool loop"). Times in milliseconds. */
export interface ToolLimits {
  /** Calls of the model by one agent. */
  rounds: number;
  /** Calls of tools by all agents of a request. */
  calls: number;
  /** Equal errors of one agent in a row. */
  repeatedErrors: number;
  /** Time for all calls of a request. */
  time: number;
  callTime: number;
}

/** Tokens of a request, of all its agents, after which nobody calls any more: no sensible request needs them. */
const mostTokens = 5_000_000;
/** Calls to models and servers of tools that one request has under way. */
const mostAtOnce = 16;

/** What a request may spend, whichever agents that ask one another spend it. */
export class RequestBudget {
  readonly limits: ToolLimits;
  readonly #now: () => number;
  readonly #endsAt: number;
  /** Made for the first call: most requests make none. */
  #own: Places | undefined;
  readonly #shared: Places;
  #calls = 0;
  #tokens = 0;

  /** @param deps.places Those of the formation for calls under way. */
  constructor({ limits, now, places }: { limits: ToolLimits; now: () => number; places: Places }) {
    this.limits = limits;
    this.#now = now;
    this.#endsAt = now() + limits.time;
    this.#shared = places;
  }

  /** Milliseconds, at least one. */
  get timeLeft(): number {
    return Math.max(1, this.#endsAt - this.#now());
  }

  /** The limit that is reached; undefined when none is. */
  get spent(): string | undefined {
    const { calls, time } = this.limits;
    if (this.#calls >= calls) return `${calls} tool calls`;
    if (this.#tokens >= mostTokens) return `${mostTokens} tokens`;
    return this.#now() >= this.#endsAt ? `${time / 1000} s` : undefined;
  }

  /** Counts a call of a tool. False when it must not be made. */
  takeCall(): boolean {
    if (this.#calls >= this.limits.calls) return false;
    this.#calls += 1;
    return true;
  }

  addUsage({ total_tokens }: Usage): void {
    this.#tokens += total_tokens;
  }

  /** Makes a call to a model or a server when few enough are under way. */
  inPlace<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    this.#own ??= createPlaces(mostAtOnce);
    return this.#own.within(signal, () => this.#shared.within(signal, call));
  }
}

/** The limits of one agent's loop beside those of its request. */
export class LoopBudget {
  readonly #request: RequestBudget;
  #lastError = "";
  #repeats = 0;

  constructor(request: RequestBudget) {
    this.#request = request;
  }

  note(outcomes: readonly ToolOutcome[]): void {
    for (const { failed, text } of outcomes) {
      this.#repeats = failed && text === this.#lastError ? this.#repeats + 1 : Number(failed);
      this.#lastError = failed ? text : "";
    }
  }

  /** The limit that is reached before the round of this number, from 1; undefined when none is. */
  spentBefore(round: number): string | undefined {
    const { rounds, repeatedErrors } = this.#request.limits;
    if (round >= rounds) return `${rounds} rounds`;
    return this.#repeats >= repeatedErrors ? `${repeatedErrors} equal errors in a row` : this.#request.spent;
  }
}
