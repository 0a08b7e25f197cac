import type { ChatWireEvent } from "@muxi/protocol";
import * as z from "zod";

/** Encoded frames, and the id of the last one. */
export type FrameListener = (frames: string, lastSeq: number) => void;

const frame = (seq: number, type: string, json: string) => `id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`;

const textFrame = (seq: number, text: string) =>
  frame(seq, "text", `{"type":"text","text":${JSON.stringify(text)}}`);

/** What this process or another one of this version has stored; its events were made by it and are taken at their word. */
const storedSchema = z.object({
  text: z.string(),
  events: z.array(z.union([z.number(), z.custom<ChatWireEvent>((event) => typeof event === "object")])),
});

const partSchema = z.array(
  z.union([z.string(), z.custom<ChatWireEvent>((event) => typeof event === "object")]),
);

/** Pieces of text that are kept apart at least before they become one. */
const fewestJoined = 32;

/**
 * Everything that a request told its caller, in order and without gaps: event n has the id n, from 1 on.
 *
 * Pieces of text are most of it, so they are kept as one string and the offsets at which they end; the frames are
 * made again when somebody asks for the past.
 */
export class EventLog {
  /** Per event: where its text ends, or the event itself. */
  readonly #events: (number | ChatWireEvent)[] = [];
  readonly #listeners = new Set<FrameListener>();
  #text = "";
  /** The pieces behind `#text`: appended to it one by one they would become a tree of strings, three times their size. */
  #pieces: string[] = [];
  #length = 0;
  #closed = false;

  /** Id of the last event; 0 before the first. */
  get lastSeq(): number {
    return this.#events.length;
  }

  /** All pieces of text, joined. */
  get text(): string {
    this.#join();
    return this.#text;
  }

  /** Characters of the text. */
  get length(): number {
    return this.#length;
  }

  /** Whether the last event was added. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether anybody listens. */
  get heard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Adds pieces of text that arrived together; listeners get them as one string. */
  appendText(pieces: readonly string[]): void {
    let frames = "";
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#length += piece.length;
      frames += textFrame(this.#events.push(this.#length), piece);
    }
    // In longer and longer steps, so that a text is copied a few times altogether.
    if (this.#pieces.length > Math.max(fewestJoined, this.#events.length / 8)) this.#join();
    this.#tell(frames);
  }

  append(event: ChatWireEvent): void {
    const seq = this.#events.push(event);
    this.#tell(frame(seq, event.type, JSON.stringify(event)));
  }

  /** Adds the last event: `done` or `error`. */
  end(event: ChatWireEvent): void {
    this.#closed = true;
    this.append(event);
    this.#listeners.clear();
  }

  /** Sends the listeners away without a last event: the request goes on elsewhere, where they can follow it. */
  leave(): void {
    this.#closed = true;
    this.#tell("");
    this.#listeners.clear();
  }

  /** The last event of a request that has ended. */
  get lastEvent(): ChatWireEvent | undefined {
    const last = this.#events.at(-1);
    return typeof last === "object" ? last : undefined;
  }

  /**
   * Everything, as it is stored.
   *
   * @param last The last event, which nobody is told before it is on disk.
   */
  serialize(last?: ChatWireEvent): string {
    return JSON.stringify({ text: this.text, events: last ? [...this.#events, last] : this.#events });
  }

  /** Takes up what another process has stored and is not here yet. */
  takeUp(stored: string): void {
    const { text, events } = storedSchema.parse(JSON.parse(stored));
    const seen = this.#events.length;
    let frames = "";
    this.#text = text;
    this.#pieces = [];
    this.#length = text.length;
    for (const [index, event] of events.slice(seen).entries()) {
      const seq = this.#events.push(event);
      if (typeof event !== "number") frames += frame(seq, event.type, JSON.stringify(event));
      else {
        const before = events.slice(0, seen + index).findLast((each) => typeof each === "number");
        frames += textFrame(seq, text.slice(typeof before === "number" ? before : 0, event));
      }
    }
    const { type } = this.lastEvent ?? {};
    this.#closed = type === "done" || type === "error";
    if (frames !== "") this.#tell(frames);
    if (this.#closed) this.#listeners.clear();
  }

  /** The events behind an id, pieces of text as themselves. */
  partAfter(seq: number): string {
    const { text } = this;
    let start = this.#endOfText(seq);
    const part = this.#events.slice(seq).map((event) => {
      if (typeof event !== "number") return event;
      const piece = text.slice(start, event);
      start = event;
      return piece;
    });
    return JSON.stringify(part);
  }

  /** Goes on with a part of the log of another process, as far as it is not here yet. */
  addPart(after: number, stored: string): void {
    const part = partSchema.parse(JSON.parse(stored));
    if (after > this.lastSeq) return;
    for (const event of part.slice(this.lastSeq - after)) {
      if (typeof event === "string") this.appendText([event]);
      else this.append(event);
    }
  }

  /**
   * The frames behind an id that a reader has seen, and the id of the last of them.
   *
   * @param enough Characters after which the rest is left for the next time.
   */
  framesAfter(seq: number, enough = Number.POSITIVE_INFINITY): { frames: string; lastSeq: number } {
    const { text } = this;
    let frames = "";
    let lastSeq = seq;
    let start = this.#endOfText(seq);
    while (lastSeq < this.#events.length && frames.length < enough) {
      const event = this.#events[lastSeq];
      lastSeq += 1;
      if (typeof event === "number") {
        frames += textFrame(lastSeq, text.slice(start, event));
        start = event;
      } else if (event) {
        frames += frame(lastSeq, event.type, JSON.stringify(event));
      }
    }
    return { frames, lastSeq };
  }

  /**
   * The frame of an error for a reader who has seen events that are not here: they went down with the process that
   * made them, and another one has ended the request. Undefined unless it ended so.
   *
   * @param seq Id of the last event that the reader has seen.
   */
  failureAfter(seq: number): { frames: string; lastSeq: number } | undefined {
    const { lastEvent } = this;
    if (lastEvent?.type !== "error" || seq < this.lastSeq) return undefined;
    return { frames: frame(seq + 1, "error", JSON.stringify(lastEvent)), lastSeq: seq + 1 };
  }

  /** Where the text of the first events ends. */
  #endOfText(events: number): number {
    for (let index = Math.min(events, this.#events.length) - 1; index >= 0; index -= 1) {
      const event = this.#events[index];
      if (typeof event === "number") return event;
    }
    return 0;
  }

  /** Hears every frame from now on. @returns A function that ends it. */
  listen(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #join(): void {
    if (this.#pieces.length === 0) return;
    this.#text = [this.#text, ...this.#pieces].join("");
    this.#pieces = [];
  }

  #tell(frames: string): void {
    for (const listener of this.#listeners) listener(frames, this.#events.length);
  }
}
