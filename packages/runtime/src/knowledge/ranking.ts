/** Passages by their numbers, with how well each fits: the best first. */
export type Ranking = ReadonlyMap<number, number>;

/** How slowly a lower place loses weight. */
const damping = 60;

/**
 * One ranking of several, by the places that a passage has in them (reciprocal rank fusion): their scores cannot be compared. A
 * ranking alone keeps its scores.
 */
export const fused = (rankings: readonly Ranking[], most: number): Ranking => {
  const filled = rankings.filter(({ size }) => size > 0);
  const [only] = filled;
  if (only && filled.length === 1) return only;
  const scores = new Map<number, number>();
  for (const ranking of filled) {
    let place = damping;
    for (const id of ranking.keys()) {
      place += 1;
      scores.set(id, (scores.get(id) ?? 0) + damping / place);
    }
  }
  // The sort is stable: of equal ones, the first ranking decides.
  return new Map([...scores].sort(([, a], [, b]) => b - a).slice(0, most));
};
