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

/** Query parameter that is on or off. */
export const flag = (what: string) =>
  z
    .enum(["true", "false", "1", "0"])
    .transform((value) => value === "true" || value === "1")
    .describe(what);

/** The field or null, with the same description: inside the choice between the two it would be lost. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullable().describe(schema.description ?? "");
