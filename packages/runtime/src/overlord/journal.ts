import type { RequestRepository } from "../store/index.ts";

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
}

/** For requests that are not taken up again. */
export const noJournal: Journal = { step: (_, work) => work() };

/** Rounds of the model change nothing in the world: they are kept with the first call of a tool that follows them. */
const isRound = (key: string) => key.startsWith("round:");

/** The journal of a request in the background; on disk before the next step begins. */
export const openJournal = async (
  requests: RequestRepository,
  formationId: string,
  requestId: string,
  isFirstAttempt: boolean,
): Promise<Journal> => {
  const finished = isFirstAttempt ? new Map<string, string>() : await requests.steps(formationId, requestId);
  const waiting = new Map<string, string>();
  return {
    async step<T>(key: string, work: () => Promise<T>): Promise<T> {
      const known = finished.get(key);
      // What was put in under this key came from the same work.
      if (known !== undefined) return JSON.parse(known) as T;
      const result = await work();
      waiting.set(key, JSON.stringify(result));
      if (isRound(key)) return result;
      const steps = new Map(waiting);
      waiting.clear();
      await requests.addSteps(formationId, requestId, steps);
      return result;
    },
  };
};
