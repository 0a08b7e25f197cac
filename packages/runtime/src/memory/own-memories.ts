import type {
  ForgettingRepository,
  Forgotten,
  MemoryRepository,
  Owner,
  Remembered,
  StoredMemory,
} from "../store/index.ts";
import { userSpace } from "../store/index.ts";
import { indexWordsOf, otherStemsOf, wordsToFind } from "../text/index.ts";
import type { MemorySearch } from "./search.ts";

/** Which memories are meant. */
export type Meant = { about: string } | { ids: readonly string[] } | { all: true };

/** What is to be forgotten, with what it says. */
export interface Forgettable extends Forgotten {
  contents: string[];
  /** Whether there is more that is meant than is forgotten at once. */
  isCut: boolean;
}

/** A user's own memories, as the user asks for them in a chat (docs/spec/formation-files.md "Forgetting in a chat"). */
export interface OwnMemories {
  /** Newest first. */
  list(owner: Owner, about: string | undefined): Promise<{ id: string; content: string; since: number }[]>;
  meant(owner: Owner, which: Meant): Promise<Forgettable>;
  /** @returns How many were forgotten. */
  forget(owner: Owner, what: Forgotten, requestId: string): Promise<number>;
}

/** Memories that are shown or forgotten at once. */
const mostAtOnce = 50;
/** Memories that are shown where none has all words: the best of those that have some, or mean the like. */
const mostAlike = 5;

/** What stands in the session in place of the order and of the question, which name what is forgotten. */
const instead = "Forget something that I have said.";
const asked = "Shall I forget it?";

type Fits = (content: string) => boolean;

/** Whether a content has all words of a text, each in any form. */
const withAll = (text: string, words: readonly string[]): Fits => {
  const others = otherStemsOf(text, words);
  const forms = words.map((word) => [word, ...others.filter((other) => other.startsWith(word.slice(0, 3)))]);
  return (content) => {
    const has = new Set(indexWordsOf(content));
    return forms.every((each) => each.some((word) => has.has(word)));
  };
};

/** @param found Memories that still say it. */
const cut = (
  found: readonly StoredMemory[],
  versions: readonly Remembered<number>[],
  requests: readonly Remembered<string>[],
): Forgettable => {
  const some = found.slice(0, mostAtOnce);
  const before = versions.slice(0, mostAtOnce);
  return {
    memories: some.map(({ id }) => id),
    versions: before.map(({ place }) => place),
    requests: requests.map(({ place }) => place),
    contents: [...some, ...before, ...requests].map(({ content }) => content),
    isCut: some.length < found.length || before.length < versions.length,
  };
};

export const createOwnMemories = (deps: {
  memories: Pick<MemoryRepository, "after" | "get" | "list" | "withWords">;
  forgetting: ForgettingRepository;
  search: MemorySearch;
  now: () => number;
}): OwnMemories => {
  const { memories, forgetting, search, now } = deps;
  const readerOf = (owner: Owner) => ({ owner, scopes: ["user"] as const, now: now() });

  const newest = (owner: Owner): Promise<StoredMemory[]> =>
    memories.list(readerOf(owner), { limit: mostAtOnce + 1, offset: 0 });

  /** Those that have all words in some form, else the few that are most alike. */
  const alike = async (owner: Owner, about: string, words: readonly string[], fits: Fits) => {
    const found = await search.find([userSpace(owner)], about, words, mostAtOnce);
    const fitting = found.filter(({ content }) => fits(content));
    const others = found.filter(({ pinned }) => pinned === 0).slice(0, mostAlike);
    const chosen = fitting.length > 0 ? fitting : others;
    const read = await Promise.all(chosen.map(({ seq }) => memories.after(readerOf(owner), seq - 1, 1)));
    return read.flat();
  };

  const about = async (owner: Owner, text: string) => {
    const words = wordsToFind(text);
    if (words.length === 0) return { found: [], versions: [], requests: [] };
    const fits = withAll(text, words);
    const [found, earlier, unlearned] = await Promise.all([
      memories.withWords(readerOf(owner), words, mostAtOnce + 1),
      forgetting.earlier(owner),
      forgetting.unlearned(owner),
    ]);
    const versions = earlier.filter(({ content }) => fits(content));
    const requests = unlearned.filter(({ content }) => fits(content));
    const isNothing = found.length + versions.length + requests.length === 0;
    return { found: isNothing ? await alike(owner, text, words, fits) : found, versions, requests };
  };

  return {
    async list(owner, text) {
      const { found } = text === undefined ? { found: await newest(owner) } : await about(owner, text);
      return found
        .slice(0, mostAtOnce)
        .map(({ id, content, validFrom }) => ({ id, content, since: validFrom }));
    },

    async meant(owner, which) {
      if ("about" in which) {
        const { found, versions, requests } = await about(owner, which.about);
        return cut(found, versions, requests);
      }
      if ("all" in which) return cut(await newest(owner), [], await forgetting.unlearned(owner));
      const read = await Promise.all(
        which.ids.slice(0, mostAtOnce).map((id) => memories.get(readerOf(owner), id)),
      );
      return cut(
        read.flatMap((memory) => memory ?? []),
        [],
        [],
      );
    },

    forget: (owner, what, requestId) =>
      forgetting.forget(owner, what, { requestId, instead, asked, now: now() }),
  };
};
