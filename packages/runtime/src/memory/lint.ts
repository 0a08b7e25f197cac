import type { StoredMemory } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";
import { tellingWords } from "./subject.ts";

const faultKinds = ["contradiction", "double", "stale"] as const;

/** A fault in what is remembered of one user. */
export interface Fault {
  kind: (typeof faultKinds)[number];
  /** The memories that have it, the one said last first. */
  memories: StoredMemory[];
  reason: string;
}

const day = 86_400_000;

/** Two texts say the same when they have at least this share of their words in common. */
const sameFrom = 0.8;
/** A word that more memories have sets none of them apart, and would make every pair of them be compared. */
const mostPerWord = 50;

/** What somebody has one of at a time: what stands before the value, without case. */
const single =
  /^(?:the user|i) (?:(?:now |currently )?(?:lives? (?:in|at|near)|works? (?:at|for|as|in)|drives? an? |(?:is|am) (?:\d+ years old|married to|called|employed at))|was born (?:in|on))|^(?:the user['’]s|my) (?:(?:first |last |full |current |new )?(?:name|birthday|age|address|job|employer|manager|boss|phone number|email|e-mail|email address|wife|husband|partner|home town)|favou?rite \w{1,30})(?: is| are)\b/i;

/** What turns a statement into its opposite. */
const negations = /\b(?:not|never|no longer|doesn['’]t|don['’]t|isn['’]t|dislikes?|hates?)\b/i;

/** What counts a day from the day on which it was said: nobody knows later which day that is. */
const relative =
  /\b(?:today|tonight|tomorrow|yesterday|(?:next|this|last) (?:week|month|year|weekend|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|in (?:a|two|three|\d{1,3}) (?:days?|weeks?|months?))\b/i;
/** Days after which that is a fault. */
const relativeHolds = 7;

const date = /(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)/g;

const saidAt = ({ saidAt: said, updatedAt }: StoredMemory): number => said ?? updatedAt;

const newestFirst = (memories: readonly StoredMemory[]): StoredMemory[] =>
  memories.toSorted((a, b) => saidAt(b) - saidAt(a) || b.seq - a.seq);

const isoDay = (time: number): string => new Date(time).toISOString().slice(0, 10);

const staleReason = (memory: StoredMemory, now: number): string | undefined => {
  const said = isoDay(saidAt(memory));
  const last = (memory.content.match(date) ?? []).sort().at(-1);
  if (last !== undefined && last >= said && last < isoDay(now - day)) return `${last} has passed`;
  const words = last === undefined ? relative.exec(memory.content)?.[0] : undefined;
  return words !== undefined && saidAt(memory) < now - relativeHolds * day
    ? `"${words}" was said on ${said}`
    : undefined;
};

interface Read {
  memory: StoredMemory;
  words: Set<string>;
}

/** The pairs of memories that share most of their words. */
const doublesAmong = (read: readonly Read[]): Fault[] => {
  const byWord = new Map<string, number[]>();
  const faults: Fault[] = [];
  for (const [index, { memory, words }] of read.entries()) {
    const shared = new Map<number, number>();
    for (const word of words) {
      const others = byWord.get(word) ?? [];
      for (const other of others) shared.set(other, (shared.get(other) ?? 0) + 1);
      if (others.length < mostPerWord) byWord.set(word, [...others, index]);
    }
    for (const [at, common] of shared) {
      const other = read[at];
      if (!other || common / (words.size + other.words.size - common) < sameFrom) continue;
      const isOpposite = negations.test(memory.content) !== negations.test(other.memory.content);
      const memories = newestFirst([memory, other.memory]);
      faults.push(
        isOpposite
          ? { kind: "contradiction", memories, reason: "One says the opposite of the other" }
          : { kind: "double", memories, reason: "They say the same" },
      );
    }
  }
  return faults;
};

/** Several values of what somebody has one of. */
const contradictionsAmong = (read: readonly Read[], doubles: readonly Fault[]): Fault[] => {
  const known = new Set(
    doubles.map(({ memories }) =>
      memories
        .map(({ seq }) => seq)
        .sort()
        .join(),
    ),
  );
  const byAttribute = new Map<string, StoredMemory[]>();
  for (const { memory } of read) {
    const attribute = single.exec(memory.content)?.[0].toLowerCase().trim();
    if (attribute === undefined || negations.test(memory.content)) continue;
    byAttribute.set(attribute, [...(byAttribute.get(attribute) ?? []), memory]);
  }
  return [...byAttribute].flatMap(([attribute, memories]): Fault[] => {
    const seqs = memories
      .map(({ seq }) => seq)
      .sort()
      .join();
    if (memories.length < 2 || known.has(seqs)) return [];
    return [
      { kind: "contradiction", memories: newestFirst(memories), reason: `Several values of "${attribute}"` },
    ];
  });
};

/**
 * What is likely wrong among the memories of one user, by rules that know English (docs/spec/formation-files.md
 * "Upkeep"). It changes nothing.
 */
export const faultsAmong = (memories: readonly StoredMemory[], now: number): Fault[] => {
  const read = memories.map((memory): Read => ({ memory, words: tellingWords(wordsOf(memory.content)) }));
  const stale = memories.flatMap((memory): Fault[] => {
    const reason = staleReason(memory, now);
    return reason === undefined ? [] : [{ kind: "stale", memories: [memory], reason }];
  });
  const doubles = doublesAmong(read);
  return [...contradictionsAmong(read, doubles), ...doubles, ...stale].sort(
    (a, b) => faultKinds.indexOf(a.kind) - faultKinds.indexOf(b.kind),
  );
};
