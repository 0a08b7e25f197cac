import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

interface Import {
  from: string;
  to: string;
}

const root = path.join(import.meta.dirname, "..");
const packages = globSync("packages/*/src", { cwd: root }).sort();

/** Imports and exports by value and by type, `import()` of both kinds, and imports for their effect. */
const specifier = /\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g;

/** The imports of a package's own files, tests left out. */
const importsOf = (source: string): Import[] =>
  globSync("**/*.{ts,tsx}", { cwd: path.join(root, source), exclude: ["**/*.test.*"] }).flatMap((file) => {
    const from = path.join(source, file);
    const text = readFileSync(path.join(root, from), "utf8");
    return [...text.matchAll(specifier)].map(([, to = ""]) => ({
      from,
      to: path.join(path.dirname(from), to),
    }));
  });

/** The shortest way from one node to another, as the nodes after the first; undefined when there is none. */
const wayBetween = (start: string, end: string, next: ReadonlyMap<string, ReadonlySet<string>>) => {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const node of next.get(way.at(-1) ?? "") ?? []) {
      if (node === end) return [...way.slice(1), node];
      if (!seen.has(node)) ways.push([...way, node]);
      seen.add(node);
    }
  }
  return undefined;
};

/** The circles between the nodes that the imports lead between, each told by the imports that make it. */
const circlesOf = (imports: readonly Import[], nodeOf: (file: string) => string): string[] => {
  const next = new Map<string, Set<string>>();
  const examples = new Map<string, Import>();
  for (const each of imports) {
    const [from, to] = [nodeOf(each.from), nodeOf(each.to)];
    if (from === to) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
    examples.set(`${from} → ${to}`, each);
  }
  const circles = new Map<string, string>();
  for (const node of next.keys()) {
    const way = wayBetween(node, node, next);
    if (!way) continue;
    const steps = way.map((to, at) => examples.get(`${way[at - 1] ?? node} → ${to}`));
    const told = steps.flatMap((step) => (step ? [`${step.from} imports ${step.to}`] : []));
    circles.set([...way].sort().join(), told.sort().join(", "));
  }
  return [...circles.values()];
};

test.each(packages)("the folders of %s import one another in no circle, by value or by type", (source) => {
  expect(circlesOf(importsOf(source), path.dirname)).toEqual([]);
});

test.each(packages)("the files of %s import one another in no circle, by value or by type", (source) => {
  expect(circlesOf(importsOf(source), (file) => file)).toEqual([]);
});

test("a circle is found and told by the imports that make it", () => {
  const imports = [
    { from: "src/a/one.ts", to: "src/b/two.ts" },
    { from: "src/b/three.ts", to: "src/c/four.ts" },
    { from: "src/c/four.ts", to: "src/a/five.ts" },
    { from: "src/a/one.ts", to: "src/a/five.ts" },
    { from: "src/d/six.ts", to: "src/a/one.ts" },
  ];
  expect(circlesOf(imports, path.dirname)).toEqual([
    "src/a/one.ts imports src/b/two.ts, src/b/three.ts imports src/c/four.ts, src/c/four.ts imports src/a/five.ts",
  ]);
  expect(circlesOf(imports.slice(1), path.dirname)).toEqual([]);
});
