import type { Journal } from "../tools/index.ts";

/** The journal of a whole request. */
export interface RequestJournal extends Journal {
  /** Steps that are not on disk yet, as JSON. */
  pending(): Map<string, string>;
}

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
const isRound = (key: string) => /(?:^|\/)round:[^/]*$/.test(key);

/**
 * The journal of a request; on disk before the next step begins.
 *
 * @param finished The steps that are on disk.
 */
export const createJournal = (finished: ReadonlyMap<string, string>, shelf: JournalShelf): RequestJournal => {
  const waiting = new Map<string, unknown>();
  const pending = () => new Map([...waiting].map(([key, result]) => [key, JSON.stringify(result)]));

  const step = async <T>(key: string, work: (within: Journal) => Promise<T>): Promise<T> => {
    const known = finished.get(key);
    // What was put in under this key came from the same work.
    if (known !== undefined) return JSON.parse(known) as T;
    if (!isRound(key)) await shelf.confirm();
    const result = await work({ step: (part, inner) => step(`${key}/${part}`, inner) });
    waiting.set(key, result);
    if (isRound(key) || !shelf.isKept()) return result;
    const steps = pending();
    await shelf.store(steps);
    for (const stored of steps.keys()) waiting.delete(stored);
    return result;
  };
  return { step, pending };
};
