import { isObject } from "@muxi/protocol";

/** Compact JSON with sorted keys: the same text for the same content, whatever the order of its fields. */
export const canonicalJson = (value: object): string =>
  JSON.stringify(value, (_, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
