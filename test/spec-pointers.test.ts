import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** What people write; generated and installed files are none of it. */
const files = globSync(["{packages,bench,examples,docs,test}/**/*.{ts,tsx,mjs,js,md}", "*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**", "**/dist/**", "**/*.gen.ts", "packages/client/docs/**"],
}).sort();

const headingsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);

const pages = globSync("docs/spec/*.md", { cwd: root });
const headings = new Map(pages.map((page) => [page, headingsOf(page)]));

/** What users of the packages get; none before a build. */
const declarations = globSync("packages/*/dist/**/*.d.{ts,mts,cts}", { cwd: root });

/** A text whose comments are joined, for a pointer may go on in the next line. */
const joined = (text: string): string => text.replaceAll(/\n\s*(?:\*|\/\/) ?/g, " ");

/** `docs/spec/<page>`, and the headings behind it. */
const pointer = /(docs\/spec\/[\w-]+\.md)((?:(?:,| and)? "[^"]+")*)/g;

test("every comment that points at the specification names a heading of it", () => {
  let pointers = 0;
  const faults = [...files, ...declarations]
    .filter((file) => file.startsWith("packages/") && !file.endsWith(".md"))
    .flatMap((file) =>
      [...joined(read(file)).matchAll(pointer)].flatMap(([, page = "", quoted = ""]) => {
        const named = [...quoted.matchAll(/"([^"]+)"/g)].map(([, heading = ""]) => heading);
        pointers += named.length;
        if (named.length === 0) return [`${file}: ${page} without a heading`];
        return named
          .filter((heading) => !headings.get(page)?.includes(heading))
          .map((heading) => `${file}: ${page} "${heading}"`);
      }),
    );
  expect(faults).toEqual([]);
  expect(pointers).toBeGreaterThan(150);
});

test("no comment points at a specification that is not in the repository", () => {
  const sources = [...files, ...declarations].filter((file) => file !== "test/spec-pointers.test.ts");
  expect(sources.filter((file) => /\bcontract\/[\w-]+\.md/i.test(read(file)))).toEqual([]);
});

test.each(pages)("a heading of %s stands there once", (page) => {
  const all = headings.get(page) ?? [];
  expect(all.filter((heading, at) => all.indexOf(heading) !== at)).toEqual([]);
});

/** The anchor that a heading gets. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

test("every link between the pages of the repository leads to a file and a heading of it", () => {
  const faults = files
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
        const [target = "", anchor] = link.split("#");
        const page = target === "" ? file : path.join(path.dirname(file), target);
        const isThere = globSync(page, { cwd: root }).length > 0;
        const leads =
          isThere && (anchor === undefined || headingsOf(page).some((each) => anchorOf(each) === anchor));
        return leads ? [] : [`${file}: ${link}`];
      }),
    );
  expect(faults).toEqual([]);
});
