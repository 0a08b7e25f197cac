/** How a property test finds its cases, and its limit of time in milliseconds. */
export interface Fuzzing {
  cases: { seed: number; numRuns: number };
  patience: number;
}

/**
 * The same cases in each run of the suite; `MUXI_FUZZ_SEED` and `MUXI_FUZZ_RUNS` try others, and more of them.
 *
 * @param usual Number of cases in the suite.
 */
export const fuzzing = (usual: number): Fuzzing => {
  const numRuns = Number(process.env.MUXI_FUZZ_RUNS ?? usual);
  return {
    cases: { seed: Number(process.env.MUXI_FUZZ_SEED ?? 15), numRuns },
    patience: 60_000 + numRuns * 100,
  };
};
