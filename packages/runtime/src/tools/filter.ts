import type { ToolFilter } from "@muxi/formation";
import { matcherOf } from "../base/index.ts";

/** Matches by any of some globs (docs/spec/formation-files.md "Tool filters"). */
export const globMatcher = (patterns: readonly string[] | undefined) => {
  const matchers = (patterns ?? []).map(matcherOf);
  return (name: string) => matchers.some((matches) => matches(name));
};

/** The names that pass a filter. Deny takes precedence over allow; an empty list has no effect. */
export const narrow = (names: readonly string[], filter: ToolFilter | undefined): string[] => {
  const isAllowed = filter?.allow?.length ? globMatcher(filter.allow) : () => true;
  const isDenied = globMatcher(filter?.deny);
  return names.filter((name) => isAllowed(name) && !isDenied(name));
};

const nameParts = (name: string) => new Set(name.toLowerCase().match(/[a-z0-9]+/g) ?? []);

/** The patterns of a filter that match no name, each with the names that share a word with it. */
export const idlePatterns = (
  names: readonly string[],
  filter: ToolFilter | undefined,
): { pattern: string; similar: string[] }[] =>
  [...(filter?.allow ?? []), ...(filter?.deny ?? [])]
    .filter((pattern) => !names.some(globMatcher([pattern])))
    .map((pattern) => {
      const parts = nameParts(pattern);
      const similar = names.filter((name) => [...nameParts(name)].some((part) => parts.has(part)));
      return { pattern, similar: similar.slice(0, 5) };
    });
