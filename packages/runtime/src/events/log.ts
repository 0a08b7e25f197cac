import { type ChatWireEvent, lazy } from "@muxi/protocol";
import * as z from "zod";

/** Called with encoded frames and the id of the last one. */
export type FrameListener = (frames: string, lastSeq: number) => void;

const frame = (seq: number, type: string, json: string) => `id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`;

const textFrame = (seq: number, text: string) =>
  frame(seq, "text", `{"type":"text","text":${JSON.stringify(text)}}`);

/** A stored log. Processes of this version wrote it, so its events are not checked any further. */
const storedSchema = lazy(() =>
  z.object({
    base: z.number().default(0),
    text: z.string(),
    events: z.array(z.union([z.number(), z.custom<ChatWireEvent>((event) => typeof event === "object")])),
  }),
);

const partSchema = lazy(() =>
  z.array(z.union([z.string(), z.custom<ChatWireEvent>((event) => typeof event === "object")])),
);

/** Most events of one attempt at a request: the ids of the next attempt begin after them. */
const mostEvents = 2 ** 20;

/** Fewest deltas of text that are joined at a time. */
const fewestJoined = 32;

/**
 * The events of a request, in order and without gaps: event n has the id n, from 1. When a process dies with events
 * that were not stored, the next attempt at the request begins a log of its own. Its ids are higher than all that
 * anybody may have seen, and readers of the earlier attempt get it from its start.
 *
 * Most events are deltas of text, so these are kept as one string and the offsets at which they end. Frames of the past
 * are encoded again when somebody asks for them.
 */
export class EventLog {
  /** For each event: the offset at which its text ends, or the event itself. */
  #events: (number | ChatWireEvent)[] = [];
  /** The id before the first event. */
  #base: number;
  #listeners: readonly FrameListener[] = [];
  #text = "";
  /**
   * Deltas not joined to `#text` yet. Appended one by one, they would become a tree of strings, three times their size.
   */
  #deltas: string[] = [];
  #length = 0;
  #closed = false;
  /** The length at which to call `#atMark`. */
  #mark = Number.POSITIVE_INFINITY;
  #atMark = () => {};

  /** @param attempt Earlier attempts at the request. */
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

  /** The whole text. */
  get text(): string {
    this.#join();
    return this.#text;
  }

  /** Length of the text in characters. */
  get length(): number {
    return this.#length;
  }

  /** Whether no event will follow. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether there is a listener. */
  get heard(): boolean {
    return this.#listeners.length > 0;
  }

  /** Adds deltas of text that arrived together. Listeners get their frames in one string. */
  appendText(deltas: readonly string[]): void {
    let frames = "";
    for (const delta of deltas) {
      this.#deltas.push(delta);
      this.#length += delta.length;
      this.#events.push(this.#length);
      frames += textFrame(this.#end, delta);
    }
    // In ever longer steps, so that a text is copied only a few times altogether.
    if (this.#deltas.length > Math.max(fewestJoined, this.#events.length / 8)) this.#join();
    this.#tell(frames);
    if (this.#length >= this.#mark) {
      this.#mark = Number.POSITIVE_INFINITY;
      this.#atMark();
    }
  }

  /**
   * Calls `tell` once when the text is this long, in characters. Cheaper than a listener, and does not count as one.
   */
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

  /** Dismisses the listeners without a last event: the request goes on in another process, where they can follow it. */
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
   * The whole log in the form in which it is stored.
   *
   * @param last The last event, which is stored before anybody hears of it.
   */
  serialize(last?: ChatWireEvent): string {
    const events = last ? [...this.#events, last] : this.#events;
    return JSON.stringify({ ...(this.#base > 0 && { base: this.#base }), text: this.text, events });
  }

  /** Adds the events that another process has stored and that are not here yet. */
  takeUp(stored: string): void {
    const { base, text, events } = storedSchema().parse(JSON.parse(stored));
    if (base > this.#base) this.#begin(base);
    if (base < this.#base) return;
    const seen = this.#events.length;
    let frames = "";
    this.#text = text;
    this.#deltas = [];
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

  /** The events after an id, with deltas of text as plain strings, and the id before the first of them. */
  partAfter(seq: number): { after: number; events: string } {
    const { text } = this;
    const index = this.#indexAfter(seq);
    let start = this.#endOfText(index);
    const part = this.#events.slice(index).map((event) => {
      if (typeof event !== "number") return event;
      const delta = text.slice(start, event);
      start = event;
      return delta;
    });
    return { after: this.#base + index, events: JSON.stringify(part) };
  }

  /** Adds a part of the log of another process, as far as it is not here yet. */
  addPart(after: number, stored: string): void {
    const part = partSchema().parse(JSON.parse(stored));
    const base = after - (after % mostEvents);
    if (base > this.#base) this.#begin(base);
    if (base < this.#base || after > this.#end) return;
    for (const event of part.slice(this.#end - after)) {
      if (typeof event === "string") this.appendText([event]);
      else if (event.type === "done" || event.type === "error") this.end(event);
      else this.append(event);
    }
  }

  /**
   * The frames after the last id that a reader has seen, and the id of the last of them.
   *
   * @param enough Characters after which to stop: the rest is for the next call.
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
   * The error frame for a reader who has seen events that were lost with the process that made them, when another
   * process has ended the request. Undefined unless it ended with an error.
   *
   * @param seq Id of the last event that the reader has seen.
   */
  failureAfter(seq: number): { frames: string; lastSeq: number } | undefined {
    const { lastEvent } = this;
    if (lastEvent?.type !== "error" || seq < this.lastSeq) return undefined;
    return { frames: frame(seq + 1, "error", JSON.stringify(lastEvent)), lastSeq: seq + 1 };
  }

  /** Forgets the events of an earlier attempt. */
  #begin(base: number): void {
    this.#base = base;
    this.#events = [];
    this.#text = "";
    this.#deltas = [];
    this.#length = 0;
  }

  /** Index of the event after an id. */
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

  /** Calls the listener with every frame from now on. @returns A function that stops it. */
  listen(listener: FrameListener): () => void {
    this.#listeners = this.#listeners.concat(listener);
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
    };
  }

  #join(): void {
    if (this.#deltas.length === 0) return;
    this.#text = [this.#text, ...this.#deltas].join("");
    this.#deltas = [];
  }

  #tell(frames: string): void {
    for (const listener of this.#listeners) listener(frames, this.lastSeq);
  }
}
