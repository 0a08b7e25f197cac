import * as z from "zod";

/** Kinds of fields that many schemas share, with their units. */

export const text = (what: string) => z.string().describe(what);

/** ISO 8601 in UTC. */
export const isoTime = (what: string) => z.string().describe(`${what}, ISO 8601 in UTC`);

export const unixMilliseconds = (what: string) => z.number().int().describe(`${what}, Unix milliseconds`);

export const unixSeconds = (what: string) => z.number().describe(`${what}, Unix seconds`);

export const count = (what: string) => z.number().int().describe(`Number of ${what}`);

/** Query parameter for the size of a list. */
export const limit = (what: string, most: number, fallback: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .default(fallback)
    .describe(`${what}; 1 to ${most}, default ${fallback}`);

/** Where an entry stands in a list: the time that the list is sorted by, and the entry's number among those of that time. */
export interface ListPlace {
  /** Unix milliseconds. */
  at: number;
  seq: number;
}

/** The same where entries have names in place of numbers. */
export interface NamedPlace {
  /** Unix milliseconds. */
  at: number;
  name: string;
}

/** A place as callers see it: a text that means something to the server alone. */
export const nextOf = (place: ListPlace | NamedPlace): string =>
  `${place.at}-${"name" in place ? place.name : place.seq}`;

const goesOn = "Only what follows in the list: `next` of an earlier answer; absent, from the beginning";
const noKey = "must be `next` of an earlier answer";

/** Query parameter that goes on with a list (docs/spec/formation-api.md "Lists in parts"). */
export const before = () =>
  z
    .string()
    .regex(/^\d{1,15}-\d{1,15}$/, noKey)
    .transform((key): ListPlace => {
      const [at = 0, seq = 0] = key.split("-").map(Number);
      return { at, seq };
    })
    .optional()
    .describe(goesOn);

/** The same for a list whose entries have names. */
export const beforeNamed = () =>
  z
    .string()
    .regex(/^\d{1,15}-[\s\S]{1,500}$/, noKey)
    .transform((key): NamedPlace => {
      const hyphen = key.indexOf("-");
      return { at: Number(key.slice(0, hyphen)), name: key.slice(hyphen + 1) };
    })
    .optional()
    .describe(goesOn);

/** Field of a list that goes on. */
export const next = () =>
  orNull(text("What to pass as `before` to go on with the list; null when nothing follows"));

/** Query parameter that is on or off. */
export const flag = (what: string) =>
  z
    .enum(["true", "false", "1", "0"])
    .transform((value) => value === "true" || value === "1")
    .describe(what);

/** The field or null, with the same description: inside the choice between the two it would be lost. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullable().describe(schema.description ?? "");

/** A field of a body that may be absent. Null means the same: many clients write it for what they do not say. */
export const optional = <Schema extends z.ZodType>(what: string, schema: Schema) =>
  schema
    .nullish()
    .transform((value) => value ?? undefined)
    .describe(what);
