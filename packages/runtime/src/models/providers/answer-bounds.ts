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

/** Counts what comes of one answer. Each answer has its own. */
export interface AnswerBounds {
  /** Counts bytes as they arrive. @throws OversizeAnswerError */
  receive(bytes: number): void;
  /** Counts the deltas from this one on. @throws OversizeAnswerError */
  add(deltas: readonly ModelDelta[], from: number): void;
  /** Counts text of which a delta comes only later, and returns it. @throws OversizeAnswerError */
  hold(text: string): string;
  /** Counts a call that begins, of which a delta comes only later. @throws OversizeAnswerError */
  holdCall(): void;
}

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

export const createAnswerBounds = (config: ModelConfig): AnswerBounds => {
  let received = 0;
  let said = 0;
  let held = 0;
  let calls = 0;
  let heldCalls = 0;
  const checkCalls = (count: number) => {
    if (count > mostCalls) throw oversizeError(config, `${mostCalls} tool calls`);
  };
  return {
    receive(bytes) {
      received += bytes;
      if (received > mostBytes) throw oversizeError(config, `${mostBytes} bytes`);
    },
    add(deltas, from) {
      for (let index = from; index < deltas.length; index++) {
        const delta = deltas[index];
        if (!delta) return;
        said += lengthOf(delta) + deltaCost;
        if (said > mostCharacters) throw oversizeError(config, `${mostCharacters} characters`);
        if (delta.type !== "tool_call") continue;
        calls += 1;
        checkCalls(calls);
        if (delta.name.length > longestName || delta.id.length > longestName)
          throw oversizeError(config, `${longestName} characters as the name or id of a call`);
      }
    },
    hold(text) {
      held += text.length;
      if (held > mostCharacters) throw oversizeError(config, `${mostCharacters} characters`);
      return text;
    },
    holdCall() {
      heldCalls += 1;
      checkCalls(heldCalls);
    },
  };
};
