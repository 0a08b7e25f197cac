import type * as z from "zod";

/**
 * A schema that is made when it is first asked for. The wire has two thousand of them, parts included, and a process
 * needs those of the calls that it gets: all together they take 3 MB.
 */
export type Lazy<Schema extends z.ZodType = z.ZodType> = () => Schema;

/** What such a schema gives. */
export type Infer<Wire extends Lazy> = z.infer<ReturnType<Wire>>;

export const lazy = <Schema extends z.ZodType>(make: () => Schema): Lazy<Schema> => {
  let made: Schema | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const namedSchemas = new Map<string, Lazy>();

/** A schema with a name of its own in the OpenAPI document and in the generated types. */
export const named = <Schema extends z.ZodType>(name: string, make: () => Schema): Lazy<Schema> => {
  const schema = lazy(() => make().meta({ id: name }));
  namedSchemas.set(name, schema);
  return schema;
};

/** Makes every schema that has a name, so that zod's registry knows it, and gives the names in their order here. */
export const makeNamed = (): string[] => {
  for (const schema of namedSchemas.values()) schema();
  return [...namedSchemas.keys()];
};
