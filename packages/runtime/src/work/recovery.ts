import type { FailureKind } from "./task.ts";

/** How often and when a failed task is tried again (docs/spec/formation-files.md "Failed tasks"). */
export interface RetryRules {
  /** Tries after the first one. */
  most: number;
  /** Milliseconds. */
  initialDelay: number;
  longestDelay: number;
  factor: number;
  kinds: ReadonlySet<FailureKind>;
}

/**
 * Milliseconds until a task is tried again; undefined when it is not.
 *
 * @param tries How often it has been tried.
 */
export const retryDelay = (rules: RetryRules, tries: number, kind: FailureKind): number | undefined => {
  if (tries > rules.most || !rules.kinds.has(kind)) return undefined;
  return Math.min(rules.initialDelay * rules.factor ** (tries - 1), rules.longestDelay);
};
