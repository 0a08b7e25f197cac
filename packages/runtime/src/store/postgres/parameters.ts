import type { SqlValue, Statement } from "../database/index.ts";

/** Postgres cannot store the character NUL, which occurs in pasted text, in files and in answers of models. */
const storable = (value: SqlValue): SqlValue =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;

const numberedText = (text: string): string => {
  let count = 0;
  return text.replaceAll("?", () => `$${++count}`);
};

/** A statement with numbered parameters, to be run once. */
export const numberedOnce = ({ text, values }: Statement) => ({
  text: numberedText(text),
  values: values.map(storable),
});

/** The same for statements that are run often: each gets a name, under which Postgres keeps it prepared. */
export const createNumbering = () => {
  const known = new Map<string, { name: string; text: string }>();
  return ({ text, values }: Statement) => {
    let entry = known.get(text);
    if (!entry) {
      entry = { name: `muxi_${known.size}`, text: numberedText(text) };
      known.set(text, entry);
    }
    return { ...entry, values: values.map(storable) };
  };
};
