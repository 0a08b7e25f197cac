import type { SqlValue, Statement } from "../database/index.ts";

/** No text in Postgres holds the character NUL; people paste it, and files and models hold it. */
const storable = (value: SqlValue): SqlValue =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;

const numberedText = (text: string): string => {
  let count = 0;
  return text.replaceAll("?", () => `$${++count}`);
};

/** A statement that is run once: Postgres numbers its parameters. */
export const numberedOnce = ({ text, values }: Statement) => ({
  text: numberedText(text),
  values: values.map(storable),
});

/** The same for statements that come again: what was prepared is kept under a name. */
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
