/**
 * The regular expressions of the sources, and which of them are known to be linear. Run as a program (`npm run patterns`)
 * it checks those that are not known yet, which takes seconds each, and writes `linear-patterns.json`.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import * as z from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));
const record = new URL("linear-patterns.json", import.meta.url);

/** Patterns that are not linear, or too large to be checked, and why that does no harm. */
export const exceptions: ReadonlyMap<string, string> = new Map([
  [String.raw`/\/+$/`, "addresses that operators write"],
  [String.raw`/^(\w+) ?(?:to|through|until|-) ?(\w+)$/`, "a schedule has at most 200 characters"],
  [
    String.raw`/[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g`,
    "all that it tries again is bounded",
  ],
  [String.raw`/\b(muxi_sk_|fm[ac]_|sk-)[\w-]{8,}/g`, "no try goes on beyond the one before it"],
  [String.raw`/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g`, "no try goes on beyond the one before it"],
]);

/** Every regular expression literal of the packages, with the files that have it. */
export const patternsInSources = (): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  const files = globSync("packages/*/src/**/*.ts", { cwd: root }).sort();
  for (const file of files.filter((name) => !/\.(?:test|gen)\.ts$/.test(name))) {
    const source = ts.createSourceFile(file, readFileSync(`${root}${file}`, "utf8"), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const places = found.get(node.text) ?? [];
        found.set(node.text, [...places, file]);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
};

export const knownPatterns = (): string[] =>
  z.array(z.string()).parse(JSON.parse(readFileSync(record, "utf8")));

const check = async () => {
  process.env.RECHECK_BACKEND = "pure";
  const { checkSync } = await import("recheck");

  /** Why a pattern is not known to be linear; undefined when it is. */
  const problemOf = (text: string): string | undefined => {
    const end = text.lastIndexOf("/");
    // The checker knows no sets of strings, which is all that `v` adds to `u`.
    const flags = text.slice(end + 1).replace("v", "u");
    const checked = checkSync(text.slice(1, end), flags, { timeout: 60_000 });
    if (checked.status === "safe") return undefined;
    return checked.status === "vulnerable" ? checked.complexity.summary : "cannot be checked";
  };

  const known = new Set(knownPatterns());
  const linear: string[] = [];
  for (const [text, files] of patternsInSources()) {
    if (exceptions.has(text)) continue;
    const problem = known.has(text) ? undefined : problemOf(text);
    if (problem === undefined) linear.push(text);
    else {
      process.exitCode = 1;
      console.error(`${text} of ${files.join(", ")}: ${problem}`);
    }
  }
  writeFileSync(record, `${JSON.stringify(linear.sort(), undefined, 2)}\n`);
};

if (import.meta.main) await check();
