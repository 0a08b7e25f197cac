import type { Logger } from "pino";
import { type Model, textFrom } from "../models/index.ts";
import type { MemoryRepository, Owner, SynopsisRepository } from "../store/index.ts";
import { identityCollections } from "./collections.ts";

/** Short profiles of users, for the prompt (contract/formation.md 7.7). */
export interface Synopses {
  /** Empty when there is none. */
  of(owner: Owner): Promise<string>;
  /** Writes anew what the new memories of some collections have made old. Never throws for a model that fails. */
  refresh(owner: Owner, changed: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
  /** A memory was taken away: what was written from it goes too. */
  clear(owner: Owner): Promise<void>;
}

/** Who someone is lasts about a week, in milliseconds. */
const identityLasts = 7 * 86_400_000;
/** Fewer memories than these are read one by one just as fast. */
const leastFacts = 3;
const mostFacts = 50;
const longestSynopsis = 1_500;
const modelTimeout = 60_000;

const instructions = `Write a short profile from these notes about a user, newest note first, at most 100 words of plain
prose about "the user". State only what the notes say; where two contradict each other, the newer one holds.`;

/** For formations without synopses: nothing is written and nothing is read. */
export const noSynopses: Synopses = {
  of: async () => "",
  async refresh() {},
  async clear() {},
};

export const createSynopses = (deps: {
  model: Model;
  memories: MemoryRepository;
  synopses: SynopsisRepository;
  /** How long the part about current matters holds, in seconds. */
  cacheTtl: number;
  now: () => number;
  log: Logger;
}): Synopses => {
  const { model, memories, synopses, now, log } = deps;

  const write = async (owner: Owner, part: "identity" | "context", signal: AbortSignal) => {
    const facts = await memories.facts(
      owner,
      part === "identity" ? { in: identityCollections } : { notIn: identityCollections },
      mostFacts,
    );
    if (facts.length < leastFacts) return;
    const notes = facts.map(({ content }) => `- ${content}`).join("\n");
    const text = await textFrom(
      model,
      {
        messages: [
          { role: "system", content: instructions },
          { role: "user", content: notes },
        ],
        settings: { temperature: 0, maxTokens: 300 },
      },
      AbortSignal.any([signal, AbortSignal.timeout(modelTimeout)]),
    );
    await synopses.put(owner, { part, text: text.trim().slice(0, longestSynopsis), madeAt: now() });
  };

  return {
    async of(owner) {
      const parts = await synopses.of(owner);
      return parts.map(({ text }) => text).join("\n");
    },

    async refresh(owner, changed, signal) {
      try {
        const stored = new Map((await synopses.of(owner)).map(({ part, madeAt }) => [part, madeAt]));
        const ageOf = (part: string) => now() - (stored.get(part) ?? 0);
        const isIdentity = (collection: string) => identityCollections.some((each) => each === collection);
        const collections = [...changed];
        if (collections.some(isIdentity) || ageOf("identity") > identityLasts)
          await write(owner, "identity", signal);
        if (ageOf("context") > deps.cacheTtl * 1000) await write(owner, "context", signal);
      } catch (error) {
        if (!signal.aborted)
          log.warn({ err: error, model: model.id }, "a user's synopsis could not be written");
      }
    },

    clear: (owner) => synopses.clear(owner),
  };
};
