import { ConfigurationError } from "../errors/errors.ts";

/** Throws unless `value` is a string with something in it. */
export const requireText = (name: string, value: unknown): string => {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new ConfigurationError(name, "must be a non-empty string");
};

/** Throws when an option is not one of `known`. */
export const requireKnown = (options: object, known: readonly string[]): void => {
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new ConfigurationError(name, `unknown option; there are ${known.join(", ")}`);
  }
};

/**
 * A URL path whose parameters are each one encoded segment: `` path`/sessions/${{ sessionId }}/messages` ``.
 * The name of the parameter goes into the error when its value is unusable.
 */
export const path = (texts: TemplateStringsArray, ...parameters: Record<string, string>[]): string =>
  texts.reduce((built, text, index) => {
    const [name = "", value] = Object.entries(parameters[index - 1] ?? {})[0] ?? [];
    const segment = requireText(name, value);
    // A URL parser takes these for "here" and "one up", encoded or not.
    if (segment === "." || segment === "..") throw new ConfigurationError(name, `"${segment}" is not an id`);
    return built + encodeURIComponent(segment) + text;
  });

/** The parameters of a URL; null and undefined are left out. */
export type Query = Record<string, string | number | boolean | null | undefined>;

/** The query string with its question mark; values that are null or undefined are left out. */
export const queryString = (query: Query = {}): string => {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = String(new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])));
  return text && `?${text}`;
};

/** What HTTP allows in a header value: Latin-1 without control characters. */
const headerText = /^[\x20-\x7e\x80-\xff]*$/;

/** The trimmed value of a header, or an error that names the option it came from. */
export const headerValue = (name: string, value: unknown): string => {
  const text = requireText(name, value).trim();
  if (headerText.test(text)) return text;
  throw new ConfigurationError(name, "holds characters that no header can carry");
};
