import { dottedPath, fieldMeantBy, idleFields } from "@muxi/formation";
import type { z } from "zod";

/** Sections that published servers read and this one has no use for. */
const unused: ReadonlySet<string> = new Set(["runtime", "rce"]);

/**
 * What is wrong with the keys of `config.yaml` that no setting has: one that looks like a misspelt setting, or a section
 * that no server knows, would leave a setting at its default unnoticed (docs/spec/server-api.md "Configuration file").
 *
 * @returns A line for each.
 */
export const unknownKeys = (schema: z.ZodObject, content: unknown): string[] =>
  idleFields(schema, content).flatMap((field) => {
    if (field.kind !== "unknown") return [];
    const { path, absent } = field;
    const name = dottedPath(path);
    const meant = fieldMeantBy(String(path.at(-1)), absent);
    if (meant !== undefined) return [`${name}: is not a setting. Did you mean ${meant}?`];
    if (path.length > 1 || unused.has(name)) return [];
    return [`${name}: is not a section. There are ${Object.keys(schema.shape).join(", ")}`];
  });
