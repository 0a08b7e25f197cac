import { isObject } from "@muxi/protocol";
import { parseJson, textOf } from "../../base/index.ts";

/** The arguments of a call as JSON text, whole or a piece of it. Some servers send an object in its place. */
export const argumentsOf = (value: unknown): string =>
  isObject(value) ? JSON.stringify(value) : textOf(value);

/** Arguments that are complete: some servers encode them twice, and send `null` for none. */
export const wholeArguments = (text: string): string => {
  if (!/^\s*(?:"|null\s*$)/.test(text)) return text;
  const inner = parseJson(text);
  if (inner === null) return "";
  return typeof inner === "string" && isObject(parseJson(inner)) ? inner : text;
};
