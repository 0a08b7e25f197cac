import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "..");
const pages = globSync(["CONTRIBUTING.md", "docs/{architecture,glossary}.md", "docs/decisions/*.md"], {
  cwd: root,
}).sort();

/** Files of the repository, and folders with a slash at their end, as paths from the root. */
const present = globSync(["{docs,packages,bench,eval,examples,test}/**", "*.{ts,md}"], {
  cwd: root,
  withFileTypes: true,
  exclude: (entry) => ["node_modules", "dist"].includes(entry.name),
}).map((entry) => {
  const name = path.relative(root, path.join(entry.parentPath, entry.name));
  return `/${name}${entry.isDirectory() ? "/" : ""}`;
});

/** Files of code and text, by their endings, and folders in backticks, by the slash at their end. */
const named = /(?<![\w./@-])((?:[\w@.-]+\/)*[\w@.-]+\.(?:tsx?|mjs|cjs|md|svg))\b|`((?:[\w@.-]+\/)+)`/g;

test.each(pages)("every file and folder that %s names exists", (page) => {
  const text = readFileSync(path.join(root, page), "utf8");
  const names = [...text.matchAll(named)].map(([, file, folder]) => file ?? folder ?? "");
  const missing = names.filter((name) => {
    // A link counts from its page; any other name may lack folders at its beginning.
    const linked = `/${path.join(path.dirname(page), name)}`;
    return !present.some((each) => each.endsWith(`/${name}`) || each === linked);
  });
  expect([...new Set(missing)]).toEqual([]);
});
