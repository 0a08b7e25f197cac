import type { Choices, JsonObject } from "@muxi/protocol";
import { listOf, plainWords } from "../base/index.ts";

/** Most options of a question, and characters of each. */
const mostOptions = 20;
const longestOption = 200;

/** The options of a question that a model asks; undefined where there is nothing to choose from. */
export const choicesIn = ({ options, multiple, free_text }: JsonObject): Choices | undefined => {
  const labels = listOf(options).flatMap((option) =>
    typeof option === "string" && option.trim() !== "" ? option.trim().slice(0, longestOption) : [],
  );
  const different = [...new Set(labels)].slice(0, mostOptions);
  if (different.length < 2) return undefined;
  return { options: different, multiple: multiple === true, free_text: free_text !== false };
};

/** What an answer must look like, as JSON Schema. */
export const schemaOfChoices = ({ options, multiple, free_text }: Choices): JsonObject => {
  const one = free_text ? { type: "string", minLength: 1 } : { type: "string", enum: options };
  return multiple ? { type: "array", items: one, minItems: 1, uniqueItems: true } : one;
};

/** An answer as models and people read it. */
export const answerText = (value: unknown): string => {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  return isList ? value.join(", ") : JSON.stringify(value);
};

/** A question as it is shown in a text: with the numbers by which its options can be named. */
export const withOptions = (question: string, choices: Choices | undefined): string =>
  choices
    ? `${question}\n\n${choices.options.map((option, index) => `${index + 1}. ${option}`).join("\n")}`
    : question;

const sameWords = (one: string, other: string): boolean =>
  one === other || plainWords(one).join(" ") === plainWords(other).join(" ");

/** Nothing but numbers, and what stands between them. */
const onlyNumbers = /^[\s\d.,;#&+()]+$/;

const byNumber = (text: string, { options, multiple }: Choices): string[] | undefined => {
  const numbers = onlyNumbers.test(text) ? (text.match(/\d+/g) ?? []) : [];
  const chosen = numbers.map((number) => options[Number(number) - 1]);
  const known = chosen.filter((option) => option !== undefined);
  const isPlain = known.length === chosen.length && (multiple ? known.length > 0 : known.length === 1);
  return isPlain ? [...new Set(known)] : undefined;
};

const byLabel = (text: string, { options, multiple }: Choices): string[] | undefined => {
  const whole = options.find((option) => sameWords(option, text));
  if (whole !== undefined) return [whole];
  if (!multiple) return undefined;
  const parts = text.split(/[,;\n]/).filter((part) => part.trim() !== "");
  const chosen = parts.map((part) => options.find((option) => sameWords(option, part)));
  const known = chosen.filter((option) => option !== undefined);
  return known.length > 0 && known.length === parts.length ? [...new Set(known)] : undefined;
};

/** The options whose words all stand in a text, one after the other. */
const byWords = (text: string, { options, multiple }: Choices): string[] | undefined => {
  const said = ` ${plainWords(text).join(" ")} `;
  const words = (option: string) => ` ${plainWords(option).join(" ")} `;
  const named = options.filter((option) => words(option) !== "  " && said.includes(words(option)));
  // "North" is no choice of its own where "North field" was said.
  const chosen = named.filter(
    (option) => !named.some((other) => other !== option && words(other).includes(words(option))),
  );
  return chosen.length === 1 || (multiple && chosen.length > 1) ? chosen : undefined;
};

/**
 * The options that a text names: by label, by number, or, where nothing else may be said, somewhere in it
 * (docs/spec/formation-api.md "Questions with options").
 */
export const chosenIn = (text: string, choices: Choices): string[] | undefined =>
  byLabel(text, choices) ??
  byNumber(text, choices) ??
  (choices.free_text ? undefined : byWords(text, choices));
