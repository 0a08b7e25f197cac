import { ConfigurationError } from "../errors/errors.ts";
import { type Fields, isObject } from "./objects.ts";

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
 * A URL path with its parameters filled in, each as one encoded segment.
 *
 * @param template Such as `/sessions/{sessionId}/messages`.
 * @throws ConfigurationError with the name of a parameter that is missing or cannot be a segment.
 */
export const fillPath = (template: string, values: Fields): string =>
  template.replaceAll(/{(\w+)}/g, (_, name: string) => {
    const segment = requireText(name, values[name]);
    // A URL parser takes these for "here" and "one up", encoded or not.
    if (segment === "." || segment === "..")
      throw new ConfigurationError(name, `must be an id, not "${segment}"`);
    return encodeURIComponent(segment);
  });

/**
 * Throws unless each argument is an object or was left out.
 *
 * @param call The right call, to be shown in the error.
 */
export const requireObjects = (call: string, ...args: unknown[]): void => {
  if (!args.every((argument) => argument === undefined || isObject(argument)))
    throw new ConfigurationError("arguments", `call ${call}`);
};

/** The parameters of a URL, written as texts. Those that are null or undefined are left out. */
export type Query = Readonly<Record<string, unknown>>;

/** The query string with its question mark. */
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
  throw new ConfigurationError(name, "must be text that a header can carry");
};

/** The same, or undefined when there is no value. */
export const optionalHeader = (name: string, value: unknown): string | undefined =>
  value === undefined ? undefined : headerValue(name, value);
