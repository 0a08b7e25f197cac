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
 * Compiles a glob with `*`, `?`, `[abc]` and `[!abc]`, which is case-sensitive. Not a regular expression: with several `*` it would try all ways to divide a name that somebody else has chosen.
 */
export const matcherOf = (pattern: string): ((name: string) => boolean) => {
  const places = placesOf(pattern);
  return (name) => {
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
