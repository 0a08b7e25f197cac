import type * as z from "zod";

/**
 * A schema that is made on first use. The wire has two thousand, parts included, which together take 3 MB, and a
 * process needs only those of the calls it receives.
 */
export type Lazy<Schema extends z.ZodType = z.ZodType> = () => Schema;

/** What such a schema parses to. */
export type Infer<Wire extends Lazy> = z.infer<ReturnType<Wire>>;

/** Gives what is made at the first call, a schema nearly always: most are never asked for, and each takes time at the start. */
export const lazy = <Made>(make: () => Made): (() => Made) => {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

interface Named {
  schema: Lazy;
  /** Which side of the schema is on the wire: what is written before it was parsed, or what parsing gives. */
  io: "input" | "output";
}

const registered = new Map<string, Named>();

const register = <Schema extends z.ZodType>(
  io: Named["io"],
  name: string,
  description: string,
  make: () => Schema,
): Lazy<Schema> => {
  const schema = lazy(() => make().meta({ id: name, description }));
  registered.set(name, { schema, io });
  return schema;
};

/**
 * A schema of what a server sends, with a name of its own in the OpenAPI document and in the generated types.
 *
 * @param description Documents the type; what belongs to one field goes to its `describe`.
 */
export const named = <Schema extends z.ZodType>(
  name: string,
  description: string,
  make: () => Schema,
): Lazy<Schema> => register("output", name, description, make);

/** The same for what a caller sends: fields that have a default may be left out. */
export const namedRequest = <Schema extends z.ZodType>(
  name: string,
  description: string,
  make: () => Schema,
): Lazy<Schema> => register("input", name, description, make);

/** Makes every schema that has a name, so that zod's registry knows it. Gives the names in the order of declaration. */
export const makeNamed = (): { name: string; io: Named["io"] }[] => {
  for (const { schema } of registered.values()) schema();
  return [...registered].map(([name, { io }]) => ({ name, io }));
};
