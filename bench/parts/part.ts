/** One way to do what a comparison measures. */
export interface Contender {
  /** `ours`, the name of a package, or of another way. */
  name: string;
  /** Measures once; gives the figure in the unit of the comparison. */
  sample(): number | Promise<number>;
}

/** Something that can be done in several ways. */
export interface Comparison {
  label: string;
  unit: string;
  /** Ours comes first: ratios are to it. */
  contenders: readonly Contender[];
}

/** A part of the product for which there is a library, or a simpler way. */
export interface Part {
  name: string;
  /** Page below `docs/decisions` that has the figures. */
  page: string;
  /** Why it cannot be measured here. */
  missing?(): string | undefined;
  open(): Promise<Opened> | Opened;
}

export interface Opened {
  comparisons: readonly Comparison[];
  close?(): Promise<void>;
}

/**
 * Samples the CPU time of this process, in microseconds per operation.
 *
 * @param work Gives how many operations it has done.
 * @param others CPU time in microseconds that other processes have spent so far, where it counts too.
 */
export const cpuOf =
  (work: () => number | Promise<number>, others: () => number = () => 0): Contender["sample"] =>
  async () => {
    const before = process.cpuUsage();
    const othersBefore = others();
    const operations = await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system + others() - othersBefore) / operations;
  };
