import type { Logger } from "pino";
import type { Reranker } from "../models/index.ts";
import { createDoubles } from "./doubles.ts";
import type { KnowledgePassage } from "./place.ts";

/** What puts the candidates of a search into order. */
export interface Reranking {
  reranker: Reranker;
  /** Passages that it puts into order. */
  candidates: number;
}

const firstOf = async (passages: AsyncIterable<KnowledgePassage>, most: number) => {
  const first: KnowledgePassage[] = [];
  const doubles = createDoubles();
  for await (const passage of passages) {
    if (doubles.has(passage.text)) continue;
    first.push(passage);
    if (first.length === most) break;
  }
  return first;
};

/**
 * Passages in the order of a reranker, without those that it leaves out. In the order in which they came where it fails or
 * takes too long.
 */
export async function* reranked(
  passages: AsyncIterable<KnowledgePassage>,
  question: string,
  { reranker, candidates }: Reranking,
  log: Pick<Logger, "warn">,
): AsyncGenerator<KnowledgePassage> {
  const found = await firstOf(passages, candidates);
  // There is nothing to put into order.
  if (found.length < 2) return yield* found;
  try {
    const order = await reranker.order(
      question,
      found.map(({ text }) => text),
    );
    const first = order.flatMap(({ index, score }) => {
      const passage = found[index];
      return passage ? [{ ...passage, score }] : [];
    });
    yield* first;
  } catch (error) {
    log.warn({ err: error, model: reranker.id }, "passages are not reranked: they keep their order");
    yield* found;
  }
}
