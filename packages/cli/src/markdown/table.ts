import type { Tokens } from "marked";
import { widthOf, wrap } from "../terminal/index.ts";
import { inline } from "./inline.ts";
import type { Page } from "./page.ts";

/** Columns narrower than this show nothing but fragments of words. */
const leastColumns = 6;

const padded = (text: string, columns: number, align: Tokens.TableCell["align"]): string => {
  const missing = Math.max(0, columns - widthOf(text));
  const left = align === "right" ? missing : align === "center" ? Math.floor(missing / 2) : 0;
  return " ".repeat(left) + text + " ".repeat(missing - left);
};

/** Takes from the widest column until all fit. */
const widthsOf = (natural: readonly number[], available: number): number[] => {
  const widths = [...natural];
  let over = widths.reduce((sum, width) => sum + width, 0) - available;
  for (; over > 0; over -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
};

/** A table with its columns side by side; on a narrow terminal, its cells below one another. */
export const tableLines = ({ header, rows }: Tokens.Table, { columns, colours }: Page): string[] => {
  const available = columns - 3 * (header.length - 1);
  const cell = ({ tokens, header: isHeading }: Tokens.TableCell, width: number): string[] =>
    wrap(inline(tokens, colours, isHeading ? colours.bold : undefined), width);
  if (available < leastColumns * header.length) {
    return rows.flatMap((row, at) => [
      ...(at > 0 ? [""] : []),
      ...row.flatMap(({ tokens }, column) => {
        const name = header[column];
        const title = name ? inline(name.tokens, colours, colours.bold) : [];
        return wrap([...title, { text: ": ", paint: String }, ...inline(tokens, colours)], columns);
      }),
    ]);
  }
  const natural = header.map((_, column) =>
    Math.max(
      1,
      ...[header, ...rows].flatMap((row) => {
        const one = row[column];
        return one ? cell(one, available).map(widthOf) : [];
      }),
    ),
  );
  const widths = widthsOf(natural, available);
  const line = (row: readonly Tokens.TableCell[]): string[] => {
    const cells = row.map((one, column) => cell(one, widths[column] ?? 1));
    const height = Math.max(1, ...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, at) =>
      cells
        .map((lines, column) => padded(lines[at] ?? "", widths[column] ?? 1, row[column]?.align ?? null))
        .join(colours.dim(" │ "))
        .trimEnd(),
    );
  };
  const rule = colours.dim(widths.map((width) => "─".repeat(width)).join("─┼─"));
  return [...line(header), rule, ...rows.flatMap(line)];
};
