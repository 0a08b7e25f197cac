/**
 * What a request has finished so far. One that is taken up again after a crash gets the results that are there, and
 * does only the rest.
 */
export interface Journal {
  /**
   * Does the work, unless its result is there.
   *
   * @param key Names the step within its request.
   * @returns The result, as JSON keeps it.
   */
  step<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Steps that are not on disk yet, as JSON. */
  pending(): Map<string, string>;
}

/** For loops within a step of another one. */
export const noJournal: Journal = { step: (_, work) => work(), pending: () => new Map() };

/** Where a journal is kept. */
export interface JournalShelf {
  /** Whether the request is one that is taken up again: only then its steps are stored. */
  isKept: () => boolean;
  /** Called before a step that changes something in the world. @throws when the request is another process's by now */
  confirm: () => Promise<void>;
  /** @throws when the request is another process's by now */
  store: (steps: ReadonlyMap<string, string>) => Promise<void>;
}

/** Rounds of the model change nothing in the world: they are kept with the first call of a tool that follows them. */
const isRound = (key: string) => key.startsWith("round:");

/**
 * The journal of a request; on disk before the next step begins.
 *
 * @param finished The steps that are on disk.
 */
export const createJournal = (finished: ReadonlyMap<string, string>, shelf: JournalShelf): Journal => {
  const waiting = new Map<string, unknown>();
  const pending = () => new Map([...waiting].map(([key, result]) => [key, JSON.stringify(result)]));
  return {
    pending,
    async step<T>(key: string, work: () => Promise<T>): Promise<T> {
      const known = finished.get(key);
      // What was put in under this key came from the same work.
      if (known !== undefined) return JSON.parse(known) as T;
      if (!isRound(key)) await shelf.confirm();
      const result = await work();
      waiting.set(key, result);
      if (isRound(key) || !shelf.isKept()) return result;
      const steps = pending();
      await shelf.store(steps);
      for (const stored of steps.keys()) waiting.delete(stored);
      return result;
    },
  };
};
