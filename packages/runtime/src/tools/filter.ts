import type { ToolFilter } from "@muxi/formation";

/** A shell-style pattern: `*`, `?`, `[abc]`, `[!abc]`. Case counts (docs/spec/formation-files.md "Tool filters"). */
const regExpOf = (pattern: string): RegExp => {
  const source = pattern
    .replaceAll(/\*+/g, "*")
    .replaceAll(/\[(!?)([^\]]+)\]|[*?]|[\\^$.|+(){}[\]]/g, (token, not: string | undefined, set: string) => {
      if (token === "*") return ".*";
      if (token === "?") return ".";
      if (set === undefined) return `\\${token}`;
      return `[${not === "!" ? "^" : ""}${set.replaceAll(/[\\\]^]/g, "\\$&")}]`;
    });
  return new RegExp(`^${source}$`, "s");
};

const matcher = (patterns: readonly string[] | undefined) => {
  const expressions = (patterns ?? []).map(regExpOf);
  return (name: string) => expressions.some((expression) => expression.test(name));
};

/** The names that a filter lets through. Deny beats allow; an empty list does nothing. */
export const narrow = (names: readonly string[], filter: ToolFilter | undefined): string[] => {
  const isAllowed = filter?.allow?.length ? matcher(filter.allow) : () => true;
  const isDenied = matcher(filter?.deny);
  return names.filter((name) => isAllowed(name) && !isDenied(name));
};

const wordsOf = (name: string) => new Set(name.toLowerCase().match(/[a-z0-9]+/g) ?? []);

/** Patterns of a filter that match none of the names, each with the names that share a word with it. */
export const idlePatterns = (
  names: readonly string[],
  filter: ToolFilter | undefined,
): { pattern: string; similar: string[] }[] =>
  [...(filter?.allow ?? []), ...(filter?.deny ?? [])]
    .filter((pattern) => !names.some(matcher([pattern])))
    .map((pattern) => {
      const words = wordsOf(pattern);
      const similar = names.filter((name) => [...wordsOf(name)].some((word) => words.has(word)));
      return { pattern, similar: similar.slice(0, 5) };
    });
