import * as z from "zod";
import { type Model, textFrom } from "../models/index.ts";
import type { Candidate, Exchange } from "../store/index.ts";
import { collectionOf, collections } from "./collections.ts";
import type { Fact } from "./rules.ts";
import { isSensitive } from "./sensitive.ts";
import { subjectOf } from "./subject.ts";
import { wordsOf } from "./text.ts";

/** Facts of which the model is less sure are not kept (contract/formation.md 7.6). */
const leastConfidence = 0.7;
/** Share of their words that two texts have in common when they say the same. */
const sameFrom = 0.8;
const longestFact = 1_000;
const mostFacts = 20;
/** Characters of a message or an answer that the model reads. */
const longestText = 4_000;

const share = z.number().transform((value) => Math.min(1, Math.max(0, value)));

const factSchema = z.object({
  memory: z.string(),
  confidence: share,
  importance: share.catch(0.5),
  collection: z.string().catch("context"),
  replaces: z.number().int().nullish().catch(null),
});

const factsSchema = z.union([z.object({ facts: z.array(z.unknown()) }), z.array(z.unknown())]);

/** What a model is asked for; what it sends is read with more patience. */
const askedFor = z.toJSONSchema(
  z.object({
    facts: z.array(
      z.object({
        memory: z.string(),
        confidence: z.number(),
        importance: z.number(),
        collection: z.enum(collections),
        replaces: z.union([z.int(), z.null()]),
      }),
    ),
  }),
);

const instructions = (today: string) => `You note what is worth remembering of a user for later conversations.
Read the conversation and list the lasting facts that the user states about themselves, their people, their plans and
their preferences. Leave out questions, small talk, what only the assistant says, and anything confidential.
- memory: one full sentence about "the user", understandable alone. Today is ${today}: turn ages into years of birth
  and words such as "tomorrow" into dates.
- collection: one of ${collections.join(", ")}.
- confidence and importance: from 0 to 1.
- replaces: the number of the known memory that the fact corrects or says better, else null. A fact that is already
  known as it is does not belong into the list.
An empty list is a good answer.`;

const conversation = (exchanges: readonly Exchange[], known: readonly Candidate[]): string => {
  const memories = known.map(({ content }, index) => `${index + 1}. ${content}`).join("\n");
  const turns = exchanges.map(({ message, answer }) => {
    const reply = answer === null ? "" : `\nAssistant: ${answer.slice(0, longestText)}`;
    return `User: ${message.slice(0, longestText)}${reply}`;
  });
  return `Known memories:\n${memories || "(none)"}\n\nConversation:\n${turns.join("\n\n")}`;
};

/**
 * The JSON in an answer: some models put words or a fence around it, and one that ran out of tokens leaves the last fact
 * and the list unfinished.
 */
const jsonIn = (text: string): unknown => {
  const json = /[[{][\s\S]*[\]}]/.exec(text)?.[0];
  if (json === undefined) return undefined;
  for (const ending of ["", "]}", "]"]) {
    try {
      return JSON.parse(json + ending);
    } catch {
      // Then with the next ending.
    }
  }
  return undefined;
};

/** Subject of the known memory that says nearly the same; each text's words are compared without "user". */
const sameAs = (content: string, known: readonly Candidate[]): string | undefined => {
  const wordsIn = (text: string) => new Set(wordsOf(text).filter((word) => word !== "user"));
  const words = wordsIn(content);
  return known.find((candidate) => {
    const others = wordsIn(candidate.content);
    const common = [...words].filter((word) => others.has(word)).length;
    return common > 0 && common / (words.size + others.size - common) >= sameFrom;
  })?.subject;
};

/** What a model's answer holds that may be kept; whatever has another form is passed over. */
export const factsIn = (text: string, known: readonly Candidate[]): Fact[] => {
  const listed = factsSchema.safeParse(jsonIn(text)).data ?? [];
  const facts = (Array.isArray(listed) ? listed : listed.facts).slice(0, mostFacts);
  return facts.flatMap((each): Fact[] => {
    const { data: fact } = factSchema.safeParse(each);
    const content = fact?.memory.trim() ?? "";
    if (!fact || content === "" || content.length > longestFact) return [];
    if (fact.confidence < leastConfidence || isSensitive(content)) return [];
    const replaced = known[(fact.replaces ?? 0) - 1]?.subject;
    return [
      {
        content,
        collection: collectionOf(fact.collection),
        subject: replaced ?? sameAs(content, known) ?? subjectOf(content),
        confidence: fact.confidence,
        importance: fact.importance,
      },
    ];
  });
};

/** Asks a model what is worth remembering of some turns (contract/formation.md 7.6). */
export const extractFacts = async (
  deps: { model: Model; maxTokens: number; now: () => number },
  exchanges: readonly Exchange[],
  known: readonly Candidate[],
  signal: AbortSignal,
): Promise<Fact[]> => {
  const today = new Date(deps.now()).toISOString().slice(0, 10);
  const text = await textFrom(
    deps.model,
    {
      messages: [
        { role: "system", content: instructions(today) },
        { role: "user", content: conversation(exchanges, known) },
      ],
      settings: { temperature: 0, maxTokens: deps.maxTokens, jsonSchema: askedFor },
    },
    signal,
  );
  return factsIn(text, known);
};
