import { join } from "node:path";
import type { Figures } from "./figures.ts";
import type { Measured, Subject } from "./measure.ts";

/** Recall in a database of the target's kind, beside the target, which rests. */
export const measureRecall = async (subject: Subject): Promise<Measured> => {
  await subject.quiet();
  const stopMeter = subject.startMeter();
  const text = await subject.runBeside([join(import.meta.dirname, "../recall.ts"), subject.database]);
  return { figures: JSON.parse(text) as Figures, spent: stopMeter(), problems: {} };
};
