export type Attributes = Readonly<Record<string, string | number | readonly string[] | undefined>>;

const wireValue = (value: string | number | readonly string[]) => {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number")
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
};

/** Attributes as OTLP JSON. */
export const wireAttributes = (attributes: Attributes) =>
  Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: wireValue(value) }],
  );

/** Unix nanoseconds as text: a number cannot hold them. */
export const nanoseconds = (milliseconds: number): string =>
  `${BigInt(Math.round(milliseconds * 1000)) * 1000n}`;
