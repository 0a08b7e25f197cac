import { matcherOf } from "../base/index.ts";

/** Whether a path fits a pattern, segment by segment. */
const fits = (path: readonly string[], pattern: readonly ((segment: string) => boolean)[]): boolean => {
  // For each place of the pattern, whether the path up to here may have come to it.
  let places = new Set([0]);
  const follow = (place: number): number[] =>
    pattern[place] === anyDepth ? [place, ...follow(place + 1)] : [place];
  places = new Set([...places].flatMap(follow));
  for (const segment of path) {
    const next = [...places].flatMap((place) => {
      const matches = pattern[place];
      if (matches === anyDepth) return follow(place);
      return matches?.(segment) ? follow(place + 1) : [];
    });
    places = new Set(next);
  }
  return places.has(pattern.length);
};

const anyDepth = () => true;

/**
 * Compiles a pattern of paths: `*`, `?` and `[abc]` within a segment, `**` for any number of segments. Without a slash
 * it is one of names, in any folder (docs/spec/formation-files.md "Sources elsewhere").
 */
export const pathPattern = (pattern: string): ((path: string) => boolean) => {
  const written = pattern.includes("/") ? pattern : `**/${pattern}`;
  const segments = written.split("/").map((segment) => (segment === "**" ? anyDepth : matcherOf(segment)));
  return (path) => fits(path.split("/"), segments);
};

/** How many folders below its base a pattern can lead. */
export const depthOf = (pattern: string): number =>
  !pattern.includes("/") || pattern.includes("**") ? Number.POSITIVE_INFINITY : pattern.split("/").length - 1;

/** Whether a path is one of those that are wanted: included, where some are named, and not excluded. */
export const pathFilter = ({
  include,
  exclude = [],
}: {
  include?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
}): ((path: string) => boolean) => {
  const wanted = include?.map(pathPattern);
  const unwanted = exclude.map(pathPattern);
  return (path) =>
    (wanted?.some((matches) => matches(path)) ?? true) && !unwanted.some((matches) => matches(path));
};
