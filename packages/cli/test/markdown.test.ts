import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import { createMarkdownStream } from "../src/markdown/index.ts";
import { widthOf } from "../src/terminal/index.ts";

/** What stays on the screen of a text that arrives in pieces of so many characters. */
const shown = (source: string, { columns = 40, piece = source.length, hasColours = false } = {}): string => {
  const lines: string[] = [];
  const stream = createMarkdownStream(
    { commit: (line) => void lines.push(line), live: () => undefined, status: () => undefined },
    () => ({ columns, colours: picocolors.createColors(hasColours) }),
  );
  const characters = [...source];
  for (let at = 0; at < characters.length; at += piece)
    stream.write(characters.slice(at, at + piece).join(""));
  stream.end();
  return lines.join("\n");
};

const answer = `# When to pick

The **Cox** is ready when it \`comes away\` with _a twist_, see [the guide](https://example.com/picking).
It costs 5 * 3 = 15, snake_case_names stay, and 2 < 3.

- first item
- second **item** that is long enough to be wrapped, unless the terminal is wide
  - nested
    1. deeper
- [x] done

3. three
4. four

| Name | Price |
|------|------:|
| Cox | 1.20 |
| Egremont **Russet** | 12.50 |

\`\`\`sh
npm install muxi

echo "a | b"
\`\`\`

> quoted
> twice

林檎の収穫は九月の最後の週に始まります。雨の日には摘みません。👩‍👩‍👧 pick too.

---
https://example.com/an/address/that/is/much/longer/than/a/line/of/the/terminal/can/be ends it.`;

test("blocks are laid out for the terminal", () => {
  expect(shown(answer)).toMatchInlineSnapshot(`
    "# When to pick

    The **Cox** is ready when it \`comes
    away\` with *a twist*, see the guide
    (https://example.com/picking).
    It costs 5 * 3 = 15, snake_case_names
    stay, and 2 < 3.

    • first item
    • second **item** that is long enough to
      be wrapped, unless the terminal is
      wide
      • nested
        1. deeper
    • ☑ done

    3. three
    4. four

    Name                │ Price
    ────────────────────┼──────
    Cox                 │  1.20
    Egremont **Russet** │ 12.50

      npm install muxi

      echo "a | b"

    │ quoted
    │ twice

    林檎の収穫は九月の最後の週に始まります。
    雨の日には摘みません。👩‍👩‍👧 pick too.

    ────────────────────────────────────────

    https://example.com/an/address/that/is/m
    uch/longer/than/a/line/of/the/terminal/c
    an/be ends it."
  `);
});

test.each([1, 2, 3, 5, 7, 11, 40])("in pieces of %i characters it looks as at once", (piece) => {
  for (const columns of [20, 40, 90]) {
    expect(shown(answer, { columns, piece })).toBe(shown(answer, { columns }));
  }
});

test.each([20, 33, 80])("no line but one of code is wider than %i columns", (columns) => {
  for (const line of shown(answer, { columns }).split("\n")) {
    if (!line.startsWith("  npm") && !line.startsWith("  echo"))
      expect(widthOf(line), line).toBeLessThanOrEqual(columns);
  }
});

describe("with colours", () => {
  test("marks become styles", () => {
    expect(shown("**bold** `code` [text](https://a.example)", { hasColours: true })).toBe(
      "\u001b[1mbold\u001b[22m \u001b[36mcode\u001b[39m \u001b[4mtext\u001b[24m\u001b[2m (https://a.example)\u001b[22m",
    );
  });

  test("a style that goes on over lines is begun in each of them", () => {
    expect(shown("**one two three**", { columns: 9, hasColours: true })).toBe(
      "\u001b[1mone two\u001b[22m\n\u001b[1mthree\u001b[22m",
    );
  });
});

test("what commands the terminal is left out", () => {
  expect(shown("a\u001b]52;c;cm0=\u0007b\u001b[2Jc\u009b1md")).toBe("a]52;c;cm0=b[2Jc1md");
});
