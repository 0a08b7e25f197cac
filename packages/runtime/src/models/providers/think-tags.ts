import type { ModelDelta } from "../interface/index.ts";

/** Separates reasoning from text in the pieces of an answer. */
export interface ThoughtFilter {
  add(piece: string, deltas: ModelDelta[]): void;
  /** Adds what was held back, at the end of the text. */
  end(deltas: ModelDelta[]): void;
  /** Whether all further pieces are text. */
  readonly isOver: boolean;
}

/** Opening tags, and those that close them. */
const tags = new Map([
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["<thought>", "</thought>"],
  ["<reasoning>", "</reasoning>"],
  ["[think]", "[/think]"],
]);
const opening = /^\s*(<(?:think|thinking|thought|reasoning)>|\[think\])\s*/i;
/** The longest opening tag, with white space before it. */
const longestOpening = 64;

/** Whether a text may be the beginning of an opening tag. */
const mayOpen = (text: string): boolean => {
  const start = text.trimStart().toLowerCase();
  return (
    text.length < longestOpening &&
    [...tags.keys()].some((tag) => tag.startsWith(start) || start.startsWith(tag))
  );
};

/** Number of characters at the end of `text` that may begin `tag`. */
const overlap = (text: string, tag: string): number => {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--) {
    if (text.slice(-length).toLowerCase() === tag.slice(0, length)) return length;
  }
  return 0;
};

/**
 * Local reasoning models write their reasoning into the text, between tags at its very beginning. Such tags anywhere
 * else are part of the answer.
 */
export const createThoughtFilter = (): ThoughtFilter => {
  let state: "start" | "thinking" | "gap" | "text" = "start";
  let held = "";
  let closing = "";

  const addText = (text: string, deltas: ModelDelta[]) => {
    // The blank lines between reasoning and answer belong to neither.
    const shown = state === "gap" ? text.trimStart() : text;
    if (shown === "") return;
    state = "text";
    deltas.push({ type: "text", text: shown });
  };

  const think = (text: string, deltas: ModelDelta[]) => {
    const end = text.toLowerCase().indexOf(closing);
    const kept = end === -1 ? overlap(text, closing) : 0;
    const thought = end === -1 ? text.slice(0, text.length - kept) : text.slice(0, end);
    if (thought !== "") deltas.push({ type: "reasoning", text: thought });
    held = end === -1 ? text.slice(text.length - kept) : "";
    if (end === -1) return;
    state = "gap";
    addText(text.slice(end + closing.length), deltas);
  };

  return {
    get isOver() {
      return state === "text";
    },
    add(piece, deltas) {
      const text = held + piece;
      held = "";
      if (state === "thinking") return think(text, deltas);
      if (state !== "start") return addText(text, deltas);
      const [beginning, tag = ""] = opening.exec(text) ?? [];
      if (beginning !== undefined) {
        state = "thinking";
        closing = tags.get(tag.toLowerCase()) ?? "";
        return think(text.slice(beginning.length), deltas);
      }
      if (mayOpen(text)) held = text;
      else addText(text, deltas);
    },
    end(deltas) {
      const rest = held;
      held = "";
      if (rest === "") return;
      if (state === "thinking") deltas.push({ type: "reasoning", text: rest });
      else addText(rest, deltas);
    },
  };
};
