import type { SqlValue } from "../database/index.ts";

/** A value, or those of a column of given rows. */
export type Value = SqlValue | SqlValue[];

/** A statement as it is sent: by itself, or once for the given rows of several. */
export interface Sent {
  readonly text: string;
  readonly values: readonly Value[];
}

/** Postgres cannot store the character NUL, which occurs in pasted text, in files and in answers of models. */
export const storable = <Given extends SqlValue>(value: Given): Given | string =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;

const parameterOf = (value: Value): Value => (Array.isArray(value) ? value.map(storable) : storable(value));

const numberedText = (text: string): string => {
  let count = 0;
  return text.replaceAll("?", () => `$${++count}`);
};

/** A statement with numbered parameters, to be run once. */
export const numberedOnce = ({ text, values }: Sent) => ({
  text: numberedText(text),
  values: values.map(parameterOf),
});

/** The same for statements that are run often: each gets a name, under which Postgres keeps it prepared. */
export const createNumbering = () => {
  const known = new Map<string, { name: string; text: string }>();
  return ({ text, values }: Sent) => {
    let entry = known.get(text);
    if (!entry) {
      entry = { name: `muxi_${known.size}`, text: numberedText(text) };
      known.set(text, entry);
    }
    return { ...entry, values: values.map(parameterOf) };
  };
};
