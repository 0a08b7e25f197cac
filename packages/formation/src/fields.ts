import { isObject } from "@muxi/protocol";
import * as z from "zod";
import type { Path } from "./base/index.ts";
import { type NoEffect, noEffectOf } from "./schema/effects.ts";

/** A field that nothing reads. */
export type IdleField =
  /** `absent`: known fields that its mapping lacks. `isRefused`: the keys of its mapping are closed. */
  | { kind: "unknown"; path: Path; absent: readonly string[]; isRefused: boolean }
  | ({ kind: "without effect"; path: Path } & NoEffect);

/** Most that are told of one file, since one that a caller sends may have any number of them. */
const mostIdle = 100;

/** The schema that describes the fields of a value, out of its wrappers. */
const unwrap = (schema: unknown): unknown => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) {
    return unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  }
  return schema;
};

/** The schema of a union that an object of this content is meant for. */
const optionFor = (union: z.ZodUnion, value: unknown): unknown => {
  const options = union.options.map(unwrap).filter((option) => option instanceof z.ZodObject);
  if (!(union instanceof z.ZodDiscriminatedUnion) || !isObject(value)) return options[0];
  const { discriminator } = union.def;
  return (
    options.find(({ shape }) => shape[discriminator]?.safeParse(value[discriminator]).success) ?? options[0]
  );
};

/** Keys for whatever else an author or a server keeps in a file. */
const isPrivate = (key: string): boolean => /^(x-|_)/.test(key);

/** Without fields of its own, a schema says nothing about which ones there are. */
const isDescribed = ({ def, shape }: z.ZodObject): boolean =>
  !(def.catchall instanceof z.ZodAny) && Object.keys(shape).length > 0;

const walk = (wrapped: unknown, value: unknown, path: Path, isBelowIdle: boolean): IdleField[] => {
  const mark = wrapped instanceof z.ZodType ? noEffectOf(wrapped, value) : undefined;
  const found: IdleField[] = mark ? [{ kind: "without effect", path, ...mark }] : [];
  const isIdle = isBelowIdle || mark !== undefined;
  const schema = unwrap(wrapped);
  const deeper = (child: unknown, item: unknown, key: string | number) =>
    walk(child, item, [...path, key], isIdle);

  if (schema instanceof z.ZodUnion) return [...found, ...walk(optionFor(schema, value), value, path, isIdle)];
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return [...found, ...value.flatMap((item, index) => deeper(schema.element, item, index))];
  }
  if (!isObject(value)) return found;
  if (schema instanceof z.ZodRecord) {
    const items = Object.entries(value);
    return [...found, ...items.flatMap(([key, item]) => deeper(schema.valueType, item, key))];
  }
  if (!(schema instanceof z.ZodObject)) return found;
  const known = Object.keys(schema.shape);
  const absent = known.filter((name) => value[name] === undefined);
  const isRefused = schema.def.catchall instanceof z.ZodNever;
  const isChecked = !isIdle && isDescribed(schema);
  for (const [key, item] of Object.entries(value)) {
    if (known.includes(key)) found.push(...deeper(schema.shape[key], item, key));
    else if (isChecked && (isRefused || !isPrivate(key))) {
      found.push({ kind: "unknown", path: [...path, key], absent, isRefused });
    }
  }
  return found;
};

/**
 * The fields of a file that nothing reads, in their order: those that its schema does not have, and those that it has
 * as being without effect (docs/spec/formation-files.md "Unknown fields"). The first hundred.
 */
export const idleFields = (schema: z.ZodType, data: unknown): IdleField[] =>
  walk(schema, data, [], false).slice(0, mostIdle);

/** The dotted paths of a schema's fields below which something is called `name`. */
export const pathsTo = (wrapped: unknown, name: string, path: readonly string[] = []): string[] => {
  const schema = unwrap(wrapped);
  if (schema instanceof z.ZodArray) return [];
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, child]) => [
    ...(key === name ? [[...path, key].join(".")] : []),
    ...pathsTo(child, name, [...path, key]),
  ]);
};
