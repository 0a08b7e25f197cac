import type { Subject } from "./measure.ts";

/** What the fake model was asked for so far. */
export interface Counts {
  /** Turns of jobs. */
  jobs: number;
  /** Facts that it found. */
  facts: number;
}

export const readCounts = async ({ pace: { port } }: Subject): Promise<Counts> => {
  const response = await fetch(`http://127.0.0.1:${port}/counts`);
  return (await response.json()) as Counts;
};
