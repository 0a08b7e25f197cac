import { complexityOf } from "../work/index.ts";
import type { WorkflowRules } from "./settings.ts";

/** A message with less asks for no work in any case, whatever a model would say. */
const leastForModel = 4;

/**
 * How much work a message asks for, as far as its words tell; undefined when it is answered at once.
 *
 * @param rules Undefined when no message is taken apart.
 */
export const workIn = (message: string, rules: WorkflowRules | undefined): number | undefined => {
  if (!rules) return undefined;
  const complexity = complexityOf(message);
  const least = rules.method === "llm" || rules.method === "hybrid" ? leastForModel : rules.threshold;
  return complexity >= least ? complexity : undefined;
};
