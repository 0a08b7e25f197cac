import type { ModelConfig } from "@muxi/formation";
import { type ModelDelta, oversizeError } from "../interface/index.ts";

// What one answer may hold (docs/spec/formation-files.md "Providers").

/** Characters of text, reasoning and calls together: more than any model says. */
const mostCharacters = 4_000_000;
/** What a delta costs besides its text, in characters: an answer of a million empty ones is too long as well. */
const deltaCost = 8;
/** Tool calls. */
const mostCalls = 128;
/** Bytes of the response, including everything around the text. */
const mostBytes = 256 * 2 ** 20;
/** Characters of the name or the id of a call. */
const longestName = 512;

const lengthOf = (delta: ModelDelta): number => {
  switch (delta.type) {
    case "text":
    case "reasoning":
      return delta.text.length;
    case "tool_call":
      return delta.arguments.length + (delta.signature?.length ?? 0);
    default:
      return 0;
  }
};

/** Counts what comes of one answer. Each answer has its own. */
export class AnswerBounds {
  readonly #config: ModelConfig;
  #received = 0;
  #said = 0;
  #held = 0;
  #calls = 0;
  #heldCalls = 0;

  constructor(config: ModelConfig) {
    this.#config = config;
  }

  /** Counts bytes as they arrive. @throws OversizeAnswerError */
  receive(bytes: number): void {
    this.#received += bytes;
    if (this.#received > mostBytes) throw oversizeError(this.#config, `${mostBytes} bytes`);
  }

  /** Counts the deltas from this one on. @throws OversizeAnswerError */
  add(deltas: readonly ModelDelta[], from: number): void {
    for (let index = from; index < deltas.length; index++) {
      const delta = deltas[index];
      if (!delta) return;
      this.#said += lengthOf(delta) + deltaCost;
      if (this.#said > mostCharacters) throw oversizeError(this.#config, `${mostCharacters} characters`);
      if (delta.type !== "tool_call") continue;
      this.#calls += 1;
      this.#checkCalls(this.#calls);
      if (delta.name.length > longestName || delta.id.length > longestName)
        throw oversizeError(this.#config, `${longestName} characters as the name or id of a call`);
    }
  }

  /** Counts text of which a delta comes only later, and returns it. @throws OversizeAnswerError */
  hold(text: string): string {
    this.#held += text.length;
    if (this.#held > mostCharacters) throw oversizeError(this.#config, `${mostCharacters} characters`);
    return text;
  }

  /** Counts a call that begins, of which a delta comes only later. @throws OversizeAnswerError */
  holdCall(): void {
    this.#heldCalls += 1;
    this.#checkCalls(this.#heldCalls);
  }

  #checkCalls(count: number): void {
    if (count > mostCalls) throw oversizeError(this.#config, `${mostCalls} tool calls`);
  }
}
