import type { ToolFilter } from "@muxi/formation";

/** Whether a character fits one place of a pattern. */
type Place = (character: string) => boolean;

/** Whether a character is one of `abc` or between the ends of `a-c`; nothing is between those of `c-a`. */
const inSet = (set: string): Place => {
  const ranges = [...set.matchAll(/(.)-(.)|./gs)].map(([one, from = one, to = one]) => ({ from, to }));
  return (character) => ranges.some(({ from, to }) => from <= character && character <= to);
};

/** The places of a glob; `*` is one for any number of characters. */
const placesOf = (pattern: string): (Place | "*")[] =>
  [...pattern.replaceAll(/\*+/g, "*").matchAll(/\[(!?)([^\]]+)\]|./gs)].map(([token, not, set]) => {
    if (token === "*") return token;
    if (token === "?") return () => true;
    if (set === undefined) return (character) => character === token;
    const fits = inSet(set);
    return not === "!" ? (character) => !fits(character) : fits;
  });

/**
 * Compiles a glob with `*`, `?`, `[abc]` and `[!abc]`, which is case-sensitive (docs/spec/formation-files.md "Tool
 * filters"). Not a regular expression: with several `*` it would try all ways to divide a name that a server has chosen.
 */
const matcherOf = (pattern: string) => {
  const places = placesOf(pattern);
  return (name: string): boolean => {
    let place = 0;
    let star = -1;
    let afterStar = 0;
    for (let at = 0; at < name.length; ) {
      const fits = places[place];
      if (fits === "*") {
        star = place++;
        afterStar = at;
      } else if (fits?.(name.charAt(at))) {
        place += 1;
        at += 1;
      } else if (star === -1) {
        return false;
      } else {
        // The last `*` takes one character more; those before it have no part in what is left.
        place = star + 1;
        at = ++afterStar;
      }
    }
    return places.slice(place).every((rest) => rest === "*");
  };
};

const globMatcher = (patterns: readonly string[] | undefined) => {
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
