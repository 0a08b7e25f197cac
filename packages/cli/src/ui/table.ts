import type { Colours } from "./colours.ts";

/**
 * Formats rows in aligned columns, with a heading. Widths are computed from plain text, so colours are added by
 * `paint`.
 */
export const table = (
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number) => string = (cell) => cell,
): string[] => {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const format = (row: readonly string[], paintCell: typeof paint): string =>
    row
      .map(
        (cell, column) =>
          paintCell(cell, column) + " ".repeat(Math.max(0, (widths[column] ?? 0) - cell.length)),
      )
      .join("  ")
      .trimEnd();
  return [format(headings, (cell) => cell), ...rows.map((row) => format(row, paint))];
};

/** Formats a time (ISO 8601, or Unix seconds) as `2026-01-31 09:05` in this machine's time zone. */
export const at = (time: string | number | null | undefined): string =>
  time === null || time === undefined
    ? "-"
    : new Date(typeof time === "number" ? time * 1000 : time).toLocaleString("sv-SE").slice(0, 16);

/** Formats a duration with its two largest units: `2d 3h`, `5m`, `12s`. */
export const duration = (seconds: number): string => {
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  const shown = first === -1 ? units.slice(-1) : units.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count}${unit}`).join(" ");
};

/** Formats a size: `512 B`, `4.2 KB`, `1.0 GB`. */
export const size = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KB", "MB", "GB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
};

/** A status with a symbol, which is filled if the status is good. */
export const statusText = (status: string, isGood: boolean): string => `${isGood ? "●" : "○"} ${status}`;

/** Colours cells made by `statusText`. */
export const paintStatus =
  (colours: Colours) =>
  (cell: string): string =>
    cell.startsWith("●") ? colours.green(cell) : cell.startsWith("○") ? colours.dim(cell) : cell;
