import { ApiError, isObject } from "@muxi/protocol";

const placeholder = /\$\{\{\s*data\.([A-Za-z0-9_.]+)\s*\}\}/g;

/** The dotted paths of the data that a template uses, each once, in order. */
export const dataFieldsOf = (template: string): string[] => [
  ...new Set([...template.matchAll(placeholder)].map(([, path = ""]) => path)),
];

/** The field of an object, or the item of a list by its index; undefined when there is none. */
const stepInto = (value: unknown, key: string): unknown => {
  if (Array.isArray(value)) return /^\d{1,6}$/.test(key) ? value[Number(key)] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/**
 * Fills in `${{ data.a.b }}` (docs/spec/formation-files.md "Filling in a trigger"). Objects and lists become JSON.
 * Values are not rendered again, and other placeholders stay as they are.
 *
 * @param longest Most characters of the result: a template may name the same data a thousand times.
 * @throws ApiError `INVALID_REQUEST` naming the path that the data does not have, `INVALID_PARAMS` naming the limit
 */
export const renderTemplate = (
  name: string,
  template: string,
  data: Record<string, unknown>,
  longest: number,
): string => {
  const check = (length: number): void => {
    if (length <= longest) return;
    throw new ApiError(
      "INVALID_PARAMS",
      `With its data, trigger '${name}' has more than ${longest} characters, the limit of a message (input_limits.max_message_length)`,
    );
  };
  let filled = 0;
  const rendered = template.replaceAll(placeholder, (_, path: string) => {
    let value: unknown = data;
    for (const key of path.split(".")) value = stepInto(value, key);
    if (value === undefined) {
      throw new ApiError(
        "INVALID_REQUEST",
        `The template of trigger '${name}' cannot be rendered: the data has no '${path}'`,
      );
    }
    const text = textOf(value);
    filled += text.length;
    check(filled);
    return text;
  });
  check(rendered.length);
  return rendered;
};
