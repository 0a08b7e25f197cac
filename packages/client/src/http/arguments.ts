import { ConfigurationError } from "../errors/index.ts";
import { type Fields, isObject } from "./objects.ts";

/** Throws unless `value` is a string that is not blank. */
export const requireText = (name: string, value: unknown): string => {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new ConfigurationError(name, "must be a non-empty string");
};

/** Throws when there is an option that is not `known`. */
export const requireKnown = (options: object, known: readonly string[]): void => {
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new ConfigurationError(name, `unknown option; there are ${known.join(", ")}`);
  }
};

/** The value of a parameter as one encoded segment of a path. Throws when it is missing or cannot be one. */
export const segment = (name: string, value: unknown): string => {
  const text = requireText(name, value);
  // URL parsers resolve these as the current and the parent folder, encoded or not.
  if (text === "." || text === "..") throw new ConfigurationError(name, `must be an id, not "${text}"`);
  return encodeURIComponent(text);
};

/**
 * A URL path with its parameters filled in, each as one encoded segment.
 *
 * @param template Such as `/sessions/{sessionId}/messages`.
 * @throws ConfigurationError with the name of a parameter that is missing or cannot be a segment.
 */
export const fillPath = (template: string, values: Fields): string =>
  template.replaceAll(/{(\w+)}/g, (_, name: string) => segment(name, values[name]));

/**
 * Throws unless each argument is an object or was left out.
 *
 * @param call The right call, which the error shows.
 */
export const requireObjects = (call: string, ...args: unknown[]): void => {
  if (!args.every((argument) => argument === undefined || isObject(argument)))
    throw new ConfigurationError("arguments", `call ${call}`);
};

/** The query parameters of a URL. Values that are null or undefined are left out. */
export type Query = Readonly<Record<string, unknown>>;

/** The query string, question mark included. */
export const queryString = (query: Query = {}): string => {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = String(new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])));
  return text && `?${text}`;
};

/** What HTTP allows in a header value: Latin-1 without control characters. */
const headerText = /^[\x20-\x7e\x80-\xff]*$/;

/** The trimmed value of a header. Throws an error that names the option it came from. */
export const headerValue = (name: string, value: unknown): string => {
  const text = requireText(name, value).trim();
  if (headerText.test(text)) return text;
  throw new ConfigurationError(name, "must be Latin-1 text");
};

/** The trimmed value of a header, or undefined when there is none. */
export const optionalHeader = (name: string, value: unknown): string | undefined =>
  value === undefined ? undefined : headerValue(name, value);
