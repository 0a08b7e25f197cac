import type { AgentDefinition } from "@muxi/formation";
import type { Citation } from "@muxi/protocol";
import { describePassage, type KnowledgePassage, placeOf, shortened } from "../knowledge/index.ts";
import { folded, wordsOf } from "../text/index.ts";
import type { CitationMode, GivenPassage } from "./given-passages.ts";
import { markersIn } from "./markers.ts";

/** Characters of an answer whose words are looked at, and of its question. */
const longestAnswer = 20_000;
const longestQuestion = 4_000;
/** Most characters of a quotation (docs/spec/formation-api.md "Citations"). */
const longestQuote = 300;
/** Characters before a marker that it is taken to stand for. */
const beforeMarker = 200;
/** Sentences that a quotation is chosen by. */
const mostNoted = 5;
/** Words of a sentence that a passage must have beside what another one has of it. */
const fewestBeside = 2;

/** What a text says that rests on a passage, by the passage's number. */
type Said = Map<number, string[]>;

const note = (said: Said, number: number, text: string) => {
  const known = said.get(number);
  if (!known) said.set(number, [text]);
  else if (known.length < mostNoted) known.push(text);
};

const sentenceEnds = /\n+|(?<=[.!?])\s+|(?<=[。！？])/;

const sentencesOf = (text: string): string[] => text.split(sentenceEnds).filter((part) => part.trim() !== "");

/** Letters and digits of ASCII, and all that is beyond it. */
const isInWord = (code: number): boolean =>
  code > 127 || (code >= 97 && code <= 122) || (code >= 48 && code <= 57);

/** From here on scripts have words that nothing sets apart from those before them. */
const firstUnspaced = 0x0e00;

/** Whether a word, as `wordsOf` gives it, begins one in a text that is folded. */
const isWordIn = (text: string, word: string): boolean => {
  const isUnspaced = word.charCodeAt(0) >= firstUnspaced;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (isUnspaced || at === 0 || !isInWord(text.charCodeAt(at - 1))) return true;
  }
  return false;
};

/** By the markers that an answer has. */
const byMarkers = (given: readonly GivenPassage[], answer: string): Said => {
  const said: Said = new Map();
  const known = new Set(given.map(({ number }) => number));
  for (const { at, numbers } of markersIn(answer)) {
    for (const number of numbers) {
      if (known.has(number)) note(said, number, answer.slice(Math.max(0, at - beforeMarker), at));
    }
  }
  return said;
};

/**
 * By the words of an answer that has no markers. A sentence rests on the passage that has most of its words, if that is
 * half of them or more; what is left of it may rest on another one. Words of the question count half: an answer repeats
 * them whatever it knows.
 */
const byWords = (given: readonly GivenPassage[], answer: string, question: string): Said => {
  const said: Said = new Map();
  const asked = new Set(wordsOf(question));
  const texts = given.map(({ passage, number }) => ({
    number,
    text: folded([placeOf(passage), passage.title, ...passage.headings, passage.text].join("\n")),
  }));
  const weightOf = (words: readonly string[]) =>
    words.reduce((sum, word) => sum + (asked.has(word) ? 0.5 : 1), 0);

  for (const sentence of sentencesOf(answer)) {
    let left = [...new Set(wordsOf(sentence))];
    for (let rest = texts, least = 1; left.length > 0 && rest.length > 0; least = fewestBeside) {
      const [best] = rest
        .map((text) => ({ ...text, shared: left.filter((word) => isWordIn(text.text, word)) }))
        .map((text) => ({ ...text, weight: weightOf(text.shared) }))
        .sort((one, other) => other.weight - one.weight);
      if (!best || best.weight < Math.max(least, weightOf(left) / 2)) break;
      note(said, best.number, sentence);
      left = left.filter((word) => !best.shared.includes(word));
      rest = rest.filter(({ number }) => number !== best.number);
    }
  }
  return said;
};

/** The sentence of a passage that has most words of what is said, and the part of the passage that it is in. */
const quotedIn = (passage: KnowledgePassage, said: readonly string[]) => {
  const words = [...new Set(said.flatMap(wordsOf))];
  let best = { part: passage, sentence: passage.text, shared: -1 };
  for (const part of passage.parts ?? [passage]) {
    for (const sentence of sentencesOf(part.text)) {
      if (sentence === part.headings.at(-1)) continue;
      const read = folded(sentence);
      const shared = words.filter((word) => isWordIn(read, word)).length;
      if (shared > best.shared) best = { part, sentence, shared };
    }
  }
  return { part: best.part, quote: shortened(best.sentence.trim(), longestQuote) };
};

/** The passages that a text rests on, and what it says so, by their numbers. */
const saidIn = (given: readonly GivenPassage[], mode: CitationMode, text: string, question: string): Said => {
  if (mode === "none" || given.length === 0) return new Map();
  return mode === "inline"
    ? byMarkers(given, text)
    : byWords(given, text.slice(0, longestAnswer), question.slice(0, longestQuestion));
};

/** An answer, and what it was made from. */
export interface Answered {
  text: string;
  question: string;
  /** What its model was given. */
  given: readonly GivenPassage[];
  mode: CitationMode;
}

/** Those of the passages that a model was given on which its answer rests (docs/spec/formation-files.md "Citations"). */
export const passagesOf = ({ text, question, given, mode }: Answered): GivenPassage[] => {
  const said = saidIn(given, mode, text, question);
  return given.filter(({ number }) => said.has(number));
};

/** The same as the API tells of them. */
export const citationsOf = (
  { text, question, given, mode }: Answered,
  agents: readonly AgentDefinition[],
): Citation[] => {
  const said = saidIn(given, mode, text, question);
  return given.flatMap(({ number: index, agentId, passage }): Citation[] => {
    const sentences = said.get(index);
    if (!sentences) return [];
    const sources = agents.find(({ id }) => id === agentId)?.knowledge?.sources ?? [];
    const { part, quote } = quotedIn(passage, sentences);
    return [
      {
        id: part.key,
        index,
        agent_id: agentId,
        ...describePassage(part, sources),
        score: Math.round(passage.score * 1000) / 1000,
        quote,
      },
    ];
  });
};
