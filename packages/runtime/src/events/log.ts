import type { ChatWireEvent } from "@muxi/protocol";
import * as z from "zod";

/** Encoded frames, and the id of the last one. */
export type FrameListener = (frames: string, lastSeq: number) => void;

const frame = (seq: number, type: string, json: string) => `id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`;

const textFrame = (seq: number, text: string) =>
  frame(seq, "text", `{"type":"text","text":${JSON.stringify(text)}}`);

/** What this process or another one of this version has stored; its events were made by it and are taken at their word. */
const storedSchema = z.object({
  base: z.number().default(0),
  text: z.string(),
  events: z.array(z.union([z.number(), z.custom<ChatWireEvent>((event) => typeof event === "object")])),
});

const partSchema = z.array(
  z.union([z.string(), z.custom<ChatWireEvent>((event) => typeof event === "object")]),
);

/** Events of one attempt at a request, at most: the next one's ids begin behind them. */
const mostEvents = 2 ** 20;

/** Pieces of text that are kept apart at least before they become one. */
const fewestJoined = 32;

/**
 * Everything that a request told its caller, in order and without gaps: event n has the id n, from 1 on. When a
 * process went down with what it told, the request is begun anew in a log of its own: its ids are higher than all that
 * anybody may have seen, and whoever has seen some is given it from its start.
 *
 * Pieces of text are most of it, so they are kept as one string and the offsets at which they end; the frames are
 * made again when somebody asks for the past.
 */
export class EventLog {
  /** Per event: where its text ends, or the event itself. */
  #events: (number | ChatWireEvent)[] = [];
  /** The id before the first. */
  #base: number;
  #listeners: readonly FrameListener[] = [];
  #text = "";
  /** The pieces behind `#text`: appended to it one by one they would become a tree of strings, three times their size. */
  #pieces: string[] = [];
  #length = 0;
  #closed = false;
  /** Length at which somebody wants to hear of it. */
  #mark = Number.POSITIVE_INFINITY;
  #atMark = () => {};

  /** @param attempt How often the request was begun before. */
  constructor(attempt = 0) {
    this.#base = attempt * mostEvents;
  }

  /** Id of the last event; 0 before the first. */
  get lastSeq(): number {
    return this.#events.length === 0 ? 0 : this.#end;
  }

  get #end(): number {
    return this.#base + this.#events.length;
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
    return this.#listeners.length > 0;
  }

  /** Adds pieces of text that arrived together; listeners get them as one string. */
  appendText(pieces: readonly string[]): void {
    let frames = "";
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#length += piece.length;
      this.#events.push(this.#length);
      frames += textFrame(this.#end, piece);
    }
    // In longer and longer steps, so that a text is copied a few times altogether.
    if (this.#pieces.length > Math.max(fewestJoined, this.#events.length / 8)) this.#join();
    this.#tell(frames);
    if (this.#length >= this.#mark) {
      this.#mark = Number.POSITIVE_INFINITY;
      this.#atMark();
    }
  }

  /** Says once that the text has so many characters. It costs less than to listen, and does not count as that. */
  whenLong(length: number, tell: () => void): void {
    this.#mark = length;
    this.#atMark = tell;
  }

  append(event: ChatWireEvent): void {
    this.#events.push(event);
    this.#tell(frame(this.#end, event.type, JSON.stringify(event)));
  }

  /** Adds the last event: `done` or `error`. */
  end(event: ChatWireEvent): void {
    this.#closed = true;
    this.append(event);
    this.#listeners = [];
  }

  /** Sends the listeners away without a last event: the request goes on elsewhere, where they can follow it. */
  leave(): void {
    this.#closed = true;
    this.#tell("");
    this.#listeners = [];
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
    const events = last ? [...this.#events, last] : this.#events;
    return JSON.stringify({ ...(this.#base > 0 && { base: this.#base }), text: this.text, events });
  }

  /** Takes up what another process has stored and is not here yet. */
  takeUp(stored: string): void {
    const { base, text, events } = storedSchema.parse(JSON.parse(stored));
    if (base > this.#base) this.#begin(base);
    if (base < this.#base) return;
    const seen = this.#events.length;
    let frames = "";
    this.#text = text;
    this.#pieces = [];
    this.#length = text.length;
    for (const [index, event] of events.slice(seen).entries()) {
      this.#events.push(event);
      const seq = this.#end;
      if (typeof event !== "number") frames += frame(seq, event.type, JSON.stringify(event));
      else {
        const before = events.slice(0, seen + index).findLast((each) => typeof each === "number");
        frames += textFrame(seq, text.slice(typeof before === "number" ? before : 0, event));
      }
    }
    const { type } = this.lastEvent ?? {};
    this.#closed = type === "done" || type === "error";
    if (frames !== "") this.#tell(frames);
    if (this.#closed) this.#listeners = [];
  }

  /** The events behind an id, pieces of text as themselves, and the id before the first of them. */
  partAfter(seq: number): { after: number; events: string } {
    const { text } = this;
    const index = this.#indexAfter(seq);
    let start = this.#endOfText(index);
    const part = this.#events.slice(index).map((event) => {
      if (typeof event !== "number") return event;
      const piece = text.slice(start, event);
      start = event;
      return piece;
    });
    return { after: this.#base + index, events: JSON.stringify(part) };
  }

  /** Goes on with a part of the log of another process, as far as it is not here yet. */
  addPart(after: number, stored: string): void {
    const part = partSchema.parse(JSON.parse(stored));
    const base = after - (after % mostEvents);
    if (base > this.#base) this.#begin(base);
    if (base < this.#base || after > this.#end) return;
    for (const event of part.slice(this.#end - after)) {
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
    let lastSeq = Math.max(seq, this.#base);
    let start = this.#endOfText(this.#indexAfter(seq));
    while (lastSeq < this.#end && frames.length < enough) {
      const event = this.#events[lastSeq - this.#base];
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

  /** Forgets what was told of an attempt that has gone down. */
  #begin(base: number): void {
    this.#base = base;
    this.#events = [];
    this.#text = "";
    this.#pieces = [];
    this.#length = 0;
  }

  /** Index of the event behind an id. */
  #indexAfter(seq: number): number {
    return Math.min(Math.max(0, seq - this.#base), this.#events.length);
  }

  /** Where the text of the first events ends. */
  #endOfText(events: number): number {
    for (let index = events - 1; index >= 0; index -= 1) {
      const event = this.#events[index];
      if (typeof event === "number") return event;
    }
    return 0;
  }

  /** Hears every frame from now on. @returns A function that ends it. */
  listen(listener: FrameListener): () => void {
    this.#listeners = this.#listeners.concat(listener);
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
    };
  }

  #join(): void {
    if (this.#pieces.length === 0) return;
    this.#text = [this.#text, ...this.#pieces].join("");
    this.#pieces = [];
  }

  #tell(frames: string): void {
    for (const listener of this.#listeners) listener(frames, this.lastSeq);
  }
}
