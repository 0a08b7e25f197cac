import * as z from "zod";
import { makeNamed } from "../base/index.ts";

/**
 * JSON Schema of everything on the wire that has a name: requests as a caller writes them, everything else as a
 * server sends it.
 *
 * @param uri Reference to a schema by its name.
 */
export const wireJsonSchemas = (uri: (name: string) => string): Record<string, Record<string, unknown>> => {
  const schemas = makeNamed();
  // What a request's schema transforms has no output form.
  const as = (io: "input" | "output") =>
    z.toJSONSchema(z.globalRegistry, { io, uri, unrepresentable: "any" }).schemas;
  const sides = { input: as("input"), output: as("output") };
  return Object.fromEntries(
    schemas.map(({ name, io }) => {
      const { $schema: _, $id: __, id: ___, ...schema } = sides[io][name] ?? {};
      return [name, schema];
    }),
  );
};
