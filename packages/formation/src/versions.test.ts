import { expect, test } from "vitest";
import { bumpVersion, compareVersions, meetsConstraint } from "./versions.ts";

test("versions are in the order of semver.org, and only versions have an order", () => {
  const inOrder = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.2", "1.0.0-rc.11", "1.0.0"];
  const more = [...inOrder, "1.0.1", "1.2.0", "1.10.0", "2.0.0"];
  expect([...more].reverse().sort((left, right) => compareVersions(left, right) ?? Number.NaN)).toEqual(more);
  expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
  expect(compareVersions("1.2", "1.2.0")).toBeUndefined();
});

test.each([
  ["1.2.3", "patch", "1.2.4"],
  ["1.2.3", "minor", "1.3.0"],
  ["1.2.3", "major", "2.0.0"],
  ["0.0.0", "patch", "0.0.1"],
  ["1.2.3-rc.1", "patch", "1.2.3"],
  [undefined, "patch", "1.0.0"],
  [undefined, "minor", "1.1.0"],
  [undefined, "major", "2.0.0"],
] as const)("bump %s by %s gives %s", (version, part, bumped) => {
  expect(bumpVersion(version, part)).toBe(bumped);
});

test.each([
  ["1.2", "1.2.9", true],
  ["1.2", "1.3.0", false],
  ["1", "1.9.0", true],
  ["1.2.3", "1.2.3", true],
  ["1.2.3", "1.2.4", false],
  [">=1.2 <2", "1.9.9", true],
  [">=1.2, <2", "2.0.0", false],
  [">= 1.2", "1.2.0", true],
  ["> 1.2", "1.2.5", false],
  ["<=1.2", "1.2.5", true],
  ["^1.2.3", "1.9.0", true],
  ["^0.2.3", "0.3.0", false],
  ["~1.2.3", "1.2.9", true],
  ["~1.2.3", "1.3.0", false],
  ["1.x", "1.5.0", true],
  ["latest", "0.1.0", true],
  ["soon", "1.0.0", undefined],
  ["", "1.0.0", undefined],
])("constraint '%s' and version %s: %s", (constraint, version, met) => {
  expect(meetsConstraint(version, constraint)).toBe(met);
});
