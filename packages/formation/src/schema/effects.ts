import { isObject } from "@muxi/protocol";
import * as z from "zod";

/** What there is to say about a field that a formation may hold and this runtime does not act on. */
export interface NoEffect {
  /** What happens instead, or what to do; empty when the field can only be removed. */
  instead: string;
  /** Values that ask for what happens anyway. */
  harmless: readonly unknown[];
}

const registry = z.registry<NoEffect>();

/**
 * Marks a field as one without effect (docs/spec/formation-files.md "Fields without effect"): setting it gives a
 * warning, and no value below it refuses the formation.
 *
 * @param schema A schema of this field alone.
 */
export const withoutEffect = <Schema extends z.ZodType>(
  schema: Schema,
  instead = "",
  harmless: readonly unknown[] = [],
): Schema => {
  registry.add(schema, { instead, harmless });
  return schema;
};

/** A field without effect whose values nobody looks at. */
export const unused = (instead = "") => withoutEffect(z.unknown().optional(), instead);

/** Whether a value switches its feature off, which is what happens anyway. */
export const isOff = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (isObject(value) && (value.enabled === false || value.active === false || Object.keys(value).length === 0));

/** The mark of a field without effect, unless its value switches off what does not exist anyway. */
export const noEffectOf = (schema: z.core.$ZodType, value: unknown): NoEffect | undefined => {
  const mark = registry.get(schema);
  return mark && !isOff(value) && !mark.harmless.includes(value) ? mark : undefined;
};

/** For the skills of a formation and those of an agent. */
export const skillsInstead =
  "Skills are listed at /v1/skills, but agents do not use them: write an SOP or a tool instead";
