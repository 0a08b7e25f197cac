import type { ModelDelta } from "../interface/index.ts";

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
 * Separates reasoning from text in the pieces of an answer. Local reasoning models write their reasoning into the text,
 * between tags at its very beginning. Such tags anywhere else are part of the answer.
 */
export class ThoughtFilter {
  #state: "start" | "thinking" | "gap" | "text" = "start";
  #held = "";
  #closing = "";

  /** Whether all further pieces are text. */
  get isOver(): boolean {
    return this.#state === "text";
  }

  add(piece: string, deltas: ModelDelta[]): void {
    const text = this.#held + piece;
    this.#held = "";
    if (this.#state === "thinking") this.#think(text, deltas);
    else if (this.#state === "start") this.#begin(text, deltas);
    else this.#addText(text, deltas);
  }

  /** Adds what was held back, at the end of the text. */
  end(deltas: ModelDelta[]): void {
    const rest = this.#held;
    this.#held = "";
    if (rest === "") return;
    if (this.#state === "thinking") deltas.push({ type: "reasoning", text: rest });
    else this.#addText(rest, deltas);
  }

  #begin(text: string, deltas: ModelDelta[]): void {
    const [beginning, tag = ""] = opening.exec(text) ?? [];
    if (beginning !== undefined) {
      this.#state = "thinking";
      this.#closing = tags.get(tag.toLowerCase()) ?? "";
      this.#think(text.slice(beginning.length), deltas);
    } else if (mayOpen(text)) this.#held = text;
    else this.#addText(text, deltas);
  }

  #addText(text: string, deltas: ModelDelta[]): void {
    // The blank lines between reasoning and answer belong to neither.
    const shown = this.#state === "gap" ? text.trimStart() : text;
    if (shown === "") return;
    this.#state = "text";
    deltas.push({ type: "text", text: shown });
  }

  #think(text: string, deltas: ModelDelta[]): void {
    const end = text.toLowerCase().indexOf(this.#closing);
    const kept = end === -1 ? overlap(text, this.#closing) : 0;
    const thought = end === -1 ? text.slice(0, text.length - kept) : text.slice(0, end);
    if (thought !== "") deltas.push({ type: "reasoning", text: thought });
    this.#held = end === -1 ? text.slice(text.length - kept) : "";
    if (end === -1) return;
    this.#state = "gap";
    this.#addText(text.slice(end + this.#closing.length), deltas);
  }
}
