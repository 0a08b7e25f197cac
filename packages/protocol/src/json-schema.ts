import * as z from "zod";
import { makeNamed } from "./lazy.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes/index.ts";

/**
 * JSON Schema of everything on the wire that has a name: request bodies as a caller writes them, everything else as
 * a server sends it.
 *
 * @param uri Reference to a schema by its name.
 */
export const wireJsonSchemas = (uri: (name: string) => string): Record<string, Record<string, unknown>> => {
  const names = makeNamed();
  const bodies = new Set(Object.values(routes).flatMap((row: Route) => row.body?.().meta()?.id ?? []));
  // What a request's schema transforms has no output form; for those the input form is taken.
  const as = (io: "input" | "output") =>
    z.toJSONSchema(z.globalRegistry, { io, uri, unrepresentable: "any" }).schemas;
  const inputs = as("input");
  const outputs = as("output");
  return Object.fromEntries(
    names.map((name) => {
      const { $schema: _, $id: __, id: ___, ...schema } = (bodies.has(name) ? inputs : outputs)[name] ?? {};
      return [name, schema];
    }),
  );
};
