export interface LruOptions<Value> {
  /** Entries it holds at most. */
  most: number;
  /** Milliseconds after which an entry is forgotten, counted from when it was set. Default: never. */
  ttl?: number;
  /** Unix milliseconds. Default `Date.now`. */
  now?: () => number;
  /** Called with what has made room for another entry. */
  onEvicted?: (value: Value) => void;
}

/** A map of limited size: the entry used longest ago makes room for a new one. */
export class LruMap<Key, Value> {
  /** In the order of their last use: a `Map` iterates as its keys were inserted. */
  readonly #entries = new Map<Key, { value: Value; until: number }>();
  readonly #options: LruOptions<Value>;

  constructor(options: LruOptions<Value>) {
    this.#options = options;
  }

  /** The value, which counts as used by that. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#now()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: Key, value: Value): void {
    const { most, ttl = Number.POSITIVE_INFINITY, onEvicted } = this.#options;
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#now() + ttl });
    const [oldest] = this.#entries;
    if (!oldest || this.#entries.size <= most) return;
    this.#entries.delete(oldest[0]);
    onEvicted?.(oldest[1].value);
  }

  values(): Value[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}
