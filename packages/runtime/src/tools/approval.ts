import type { ApprovalRule } from "@muxi/formation";
import { globMatcher } from "./filter.ts";

/** A tool as far as a rule looks at it. */
interface Ruled {
  name: string;
  /** Whether it may change or delete something: a server that says nothing of it is not trusted. */
  isDestructive: boolean;
}

/** Whether calls of a tool wait for a user's yes (docs/spec/formation-files.md "Calls that need approval"). */
export const needsApproval = ({ name, isDestructive }: Ruled, rule: ApprovalRule | undefined): boolean => {
  if (rule === undefined || rule === "never") return false;
  if (rule === "always") return true;
  if (rule === "destructive") return isDestructive;
  const patterns = typeof rule === "string" ? [rule] : rule;
  return globMatcher(patterns)(name);
};
