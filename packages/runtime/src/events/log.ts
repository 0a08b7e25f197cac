import type { ChatWireEvent } from "@muxi/protocol";

/** Encoded frames, and the id of the last one. */
export type FrameListener = (frames: string, lastSeq: number) => void;

const frame = (seq: number, type: string, json: string) => `id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`;

const textFrame = (seq: number, text: string) =>
  frame(seq, "text", `{"type":"text","text":${JSON.stringify(text)}}`);

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
  #closed = false;

  /** Id of the last event; 0 before the first. */
  get lastSeq(): number {
    return this.#events.length;
  }

  /** All pieces of text, joined. */
  get text(): string {
    return this.#text;
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
      this.#text += piece;
      frames += textFrame(this.#events.push(this.#text.length), piece);
    }
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

  /** The frames behind an id that a reader has seen. */
  framesAfter(seq: number): string {
    let frames = "";
    let start = 0;
    this.#events.forEach((event, index) => {
      const wanted = index >= seq;
      if (typeof event === "number") {
        if (wanted) frames += textFrame(index + 1, this.#text.slice(start, event));
        start = event;
      } else if (wanted) {
        frames += frame(index + 1, event.type, JSON.stringify(event));
      }
    });
    return frames;
  }

  /** Hears every frame from now on. @returns A function that ends it. */
  listen(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(frames: string): void {
    for (const listener of this.#listeners) listener(frames, this.#events.length);
  }
}
