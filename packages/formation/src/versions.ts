import packageJson from "../package.json" with { type: "json" };

/** Version of this release: every part of MUXI carries the same one. */
export const releaseVersion: string = packageJson.version;

interface Version {
  /** Major, minor, patch. */
  numbers: readonly number[];
  /** `rc.1` as its parts; empty for a release. */
  preRelease: readonly string[];
}

/** https://semver.org; build metadata does not affect the order. */
const versionPattern = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

const parseVersion = (text: string): Version | undefined => {
  const [, major, minor, patch, preRelease] = versionPattern.exec(text.trim()) ?? [];
  if (major === undefined) return undefined;
  return {
    numbers: [major, minor, patch].map(Number),
    preRelease: preRelease === undefined ? [] : preRelease.split("."),
  };
};

/** Whether a text is a version such as `1.2.3` or `1.2.3-rc.1`. */
export const isVersion = (text: string): boolean => parseVersion(text) !== undefined;

const compareNumbers = (left: readonly number[], right: readonly number[]): number =>
  left.map((number, index) => number - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;

const comparePart = (left: string, right: string): number => {
  const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (leftIsNumber && rightIsNumber) return Number(left) - Number(right);
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
  return left === right ? 0 : left < right ? -1 : 1;
};

const comparePreRelease = (left: readonly string[], right: readonly string[]): number => {
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
};

/**
 * Compares two versions: negative when the first is lower. `1.0.0-rc.1` is lower than `1.0.0`.
 *
 * @returns Undefined when one of them is not of the form `x.y.z`.
 */
export const compareVersions = (left: string, right: string): number | undefined => {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  if (!a || !b) return undefined;
  return compareNumbers(a.numbers, b.numbers) || comparePreRelease(a.preRelease, b.preRelease);
};

export const versionParts = ["patch", "minor", "major"] as const;
export type VersionPart = (typeof versionParts)[number];

/**
 * Counts a version up (docs/spec/formation-files.md "Versions"). A pre-release becomes its release before a patch is
 * counted.
 *
 * @param version Undefined gives `1.0.0`, `1.1.0` or `2.0.0`.
 * @throws Error when it is not of the form `x.y.z`.
 */
export const bumpVersion = (version: string | undefined, part: VersionPart): string => {
  if (version === undefined) return { patch: "1.0.0", minor: "1.1.0", major: "2.0.0" }[part];
  const parsed = parseVersion(version);
  if (!parsed) throw new Error(`the version '${version}' is not of the form 1.2.3`);
  const [major = 0, minor = 0, patch = 0] = parsed.numbers;
  if (part === "major") return `${major + 1}.0.0`;
  if (part === "minor") return `${major}.${minor + 1}.0`;
  return `${major}.${minor}.${parsed.preRelease.length > 0 ? patch : patch + 1}`;
};

/** Versions from `low` up to, but without, `high`. */
interface Range {
  low: readonly number[];
  high: readonly number[];
}

const zero = [0, 0, 0];
const infinite = [Number.POSITIVE_INFINITY, 0, 0];

const comparatorPattern = /^(>=|<=|>|<|=|\^|~)?v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?$/;

/** The version after all that begin with `numbers`: 1.2 → 1.3.0. */
const after = (numbers: readonly number[]): number[] => {
  const next = [...numbers.slice(0, -1), (numbers.at(-1) ?? 0) + 1];
  return [...next, 0, 0].slice(0, 3);
};

const rangeOf = (comparator: string): Range | undefined => {
  if (/^(latest|\*|x)$/.test(comparator)) return { low: zero, high: infinite };
  const [, operator = "=", ...texts] = comparatorPattern.exec(comparator) ?? [];
  const open = texts.findIndex((text) => text === undefined || text === "x" || text === "*");
  const numbers = (open === -1 ? texts : texts.slice(0, open)).map(Number);
  if (numbers.length === 0) return undefined;
  const low = [...numbers, 0, 0].slice(0, 3);
  const firstSet = numbers.findIndex((number) => number > 0);
  switch (operator) {
    case ">=":
      return { low, high: infinite };
    case ">":
      return { low: after(numbers), high: infinite };
    case "<":
      return { low: zero, high: low };
    case "<=":
      return { low: zero, high: after(numbers) };
    case "^":
      return { low, high: after(numbers.slice(0, firstSet === -1 ? numbers.length : firstSet + 1)) };
    case "~":
      return { low, high: after(numbers.slice(0, 2)) };
    default:
      return { low, high: after(numbers) };
  }
};

/**
 * Whether a version meets a constraint: `1.2` means every 1.2.x, `1.2.3` only itself; `>=1.2 <2`, `^1.2`, `~1.2` and
 * `latest` are understood too. A pre-release counts as its release.
 *
 * @returns Undefined when the constraint cannot be read.
 */
export const meetsConstraint = (version: string, constraint: string): boolean | undefined => {
  const numbers = parseVersion(version)?.numbers;
  const comparators = constraint
    .replace(/(>=|<=|>|<|=|\^|~)\s+/g, "$1")
    .split(/[\s,]+/)
    .filter((comparator) => comparator !== "");
  const ranges = comparators.map(rangeOf);
  if (!numbers || ranges.length === 0) return undefined;
  let met = true;
  for (const range of ranges) {
    if (!range) return undefined;
    met &&= compareNumbers(numbers, range.low) >= 0 && compareNumbers(numbers, range.high) < 0;
  }
  return met;
};
