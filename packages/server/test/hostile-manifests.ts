const lines = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join("");

/** Lines for a manifest that are small to send and cost much to read, so many of them. */
export const hostileLines = {
  "a list without end below an unknown key": (count) => `zzz:\n${lines(count, () => "- a: b\n")}`,
  "unknown keys": (count) => lines(count, (at) => `k${at}: 1\n`),
  "mappings for keys": (count) => `zzz:\n${lines(count, () => "- {a}: 1\n")}`,
  "references to a secret that is missing": (count) =>
    `zzz:\n${lines(count, () => "- ${{ secrets.NONE }}\n")}`,
} satisfies Record<string, (count: number) => string>;
