/** An event that waits for its reader. It is also the result of `next()`, so that an event costs one object. */
export interface Entry<Event> {
  done: false;
  value: Event;
  number: number;
}

/** First in, first out, without moving what waits behind. */
export class Queue<Event> {
  #entries: Entry<Event>[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(value: Event, number: number): void {
    this.#entries.push({ done: false, value, number });
  }

  take(): Entry<Event> | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#entries.length) this.clear();
    return entry;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#head = 0;
  }
}
