import type { AgentDefinition } from "@muxi/formation";
import type { Citation } from "@muxi/protocol";
import { describePassage, type KnowledgePassage, placeOf, shortened } from "../knowledge/index.ts";
import { folded, wordStartsIn, wordsOf } from "../text/index.ts";
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
  const weightOf = (word: string) => (asked.has(word) ? 0.5 : 1);
  const texts = given.map(({ passage, number }) => ({
    number,
    has: wordStartsIn(
      folded([placeOf(passage), passage.title, ...passage.headings, passage.text].join("\n")),
    ),
  }));
  /** The passages that have a word: each word is looked for once. */
  const holders = new Map<string, readonly number[]>();
  const holdersOf = (word: string): readonly number[] => {
    let known = holders.get(word);
    if (!known) {
      known = texts.flatMap(({ number, has }) => (has(word) ? number : []));
      holders.set(word, known);
    }
    return known;
  };
  /** The passage that has most of some words, and by how much. */
  const best = (words: readonly string[]) => {
    const weights = new Map<number, number>();
    let most = { number: 0, weight: 0 };
    for (const word of words) {
      for (const number of holdersOf(word)) {
        const weight = (weights.get(number) ?? 0) + weightOf(word);
        weights.set(number, weight);
        if (weight > most.weight) most = { number, weight };
      }
    }
    return most;
  };

  for (const sentence of sentencesOf(answer)) {
    let left = [...new Set(wordsOf(sentence))];
    for (let least = 1; left.length > 0; least = fewestBeside) {
      const { number, weight } = best(left);
      const whole = left.reduce((sum, word) => sum + weightOf(word), 0);
      if (weight < Math.max(least, whole / 2)) break;
      note(said, number, sentence);
      left = left.filter((word) => !holdersOf(word).includes(number));
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
      const shared = words.filter(wordStartsIn(folded(sentence))).length;
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
