import type { Journal } from "../tools/index.ts";

/** The journal of a whole request. */
export interface RequestJournal extends Journal {
  /** Steps that are not on disk yet, as JSON. */
  pending(): Map<string, string>;
}

/** The storage of a journal. */
export interface JournalStore {
  /** Whether the request resumes after a crash: only then are its steps stored. */
  isKept: () => boolean;
  /** Called before a step with effects outside. @throws When another process has taken the request over. */
  confirm: () => Promise<void>;
  /** @throws When another process has taken the request over. */
  store: (steps: ReadonlyMap<string, string>) => Promise<void>;
}

/** A model's round has no effect outside: it is stored with the first tool call after it. */
const isRound = (key: string) => /(?:^|\/)round:[^/]*$/.test(key);

/**
 * The journal of a request. A step is on disk before the next one begins.
 *
 * @param finished The steps that are on disk, by key.
 */
export const createJournal = (finished: ReadonlyMap<string, string>, disk: JournalStore): RequestJournal => {
  const waiting = new Map<string, unknown>();
  const pending = () => new Map([...waiting].map(([key, result]) => [key, JSON.stringify(result)]));

  const step = async <T>(key: string, work: (within: Journal) => Promise<T>): Promise<T> => {
    const known = finished.get(key);
    // The value under this key was stored by the same work.
    if (known !== undefined) return JSON.parse(known) as T;
    if (!isRound(key)) await disk.confirm();
    const result = await work({ step: (part, inner) => step(`${key}/${part}`, inner) });
    waiting.set(key, result);
    if (isRound(key) || !disk.isKept()) return result;
    const steps = pending();
    await disk.store(steps);
    for (const stored of steps.keys()) waiting.delete(stored);
    return result;
  };
  return { step, pending };
};
