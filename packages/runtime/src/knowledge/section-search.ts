import type { KnowledgeConfig } from "@muxi/formation";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import { fewAtOnce } from "../base/index.ts";
import type { KnowledgeRepository, KnowledgeState, OutlinedDocument } from "../store/index.ts";
import { chosenOf } from "./choice.ts";
import { shortened, sourceOf } from "./described.ts";
import {
  charactersOfToken,
  leafWith,
  nodesOf,
  type Outline,
  type OutlineNode,
  outlineOf,
  outlineOfAll,
  pathOf,
  withoutDoubles,
} from "./outline.ts";
import { type KnowledgePassage, passageOf } from "./place.ts";
import type { Ranking } from "./ranking.ts";
import type { SearchModels } from "./search-models.ts";
import { NoSectionError, sectionsChosenBy } from "./section-choice.ts";
import { gapsIn } from "./sufficiency.ts";

/** Documents of an agent whose outlines are looked at: what has more is searched. */
const mostDocuments = 1_000;
/** Sections of documents that are kept, and documents that are read at once. */
const keptSections = 50_000;
const readAtOnce = 4;
/** Passages that are compared in meaning, the least score of a section of them, and how many sections count. */
const compared = 200;
const leastScore = 0.05;
const mostNearest = 3;
/** Passages of a section that are looked up together. */
const lookedUpTogether = 10;
/** Characters of a section that a model judges. */
const longestJudged = 6_000;

/** How passages are found by words and by meaning. */
export interface Rankings {
  /** By meaning alone; empty where passages have no vectors. */
  nearest: (text: string, most: number) => Promise<Ranking>;
  /** By both, in some documents. */
  best: (text: string, most: number, within: readonly number[]) => Promise<Ranking>;
}

/** How an agent's documents are searched, as its knowledge says. */
export interface SectionSettings extends Pick<SearchModels, "reader" | "judge"> {
  config: KnowledgeConfig;
}

export interface SectionSearchDeps {
  stored: KnowledgeRepository;
  log: Pick<Logger, "warn">;
}

/** Ways to search that look at outlines. */
type ByOutline = Exclude<NonNullable<KnowledgeConfig["retrieval"]>, "vector">;

/** What the outlines of documents give. */
export interface FoundSections {
  passages: KnowledgePassage[];
  /** The documents that are to be searched by their passages. */
  rest: number[];
}

/** The sections nearest in meaning: their passages' likeness, added, by the root of how many were found and one. */
const nearestSections = (outline: Outline, ranking: Ranking): OutlineNode[] => {
  const found = new Map<OutlineNode, { sum: number; count: number }>();
  for (const [id, score] of ranking) {
    const leaf = leafWith(outline, id);
    if (!leaf) continue;
    const { sum, count } = found.get(leaf) ?? { sum: 0, count: 0 };
    found.set(leaf, { sum: sum + score, count: count + 1 });
  }
  return [...found]
    .map(([node, { sum, count }]) => ({ node, score: sum / Math.sqrt(count + 1) }))
    .filter(({ score }) => score >= leastScore)
    .sort((a, b) => b.score - a.score)
    .slice(0, mostNearest)
    .map(({ node }) => node);
};

/** Finds sections by the outlines of documents (docs/spec/formation-files.md "Sections"). */
export const createSectionSearch = ({ stored, log }: SectionSearchDeps) => {
  /** By the number of a document, which is new when the document is read anew. */
  const outlines = new LRUCache<number, OutlineNode>({
    maxSize: keptSections,
    sizeCalculation: (node) => [...nodesOf(node)].length,
  });

  /** The outline of a document; undefined when it is being read anew. */
  const outlined = async (
    { seq, source }: OutlinedDocument,
    { tree }: KnowledgeConfig,
  ): Promise<OutlineNode | undefined> => {
    const known = outlines.get(seq);
    if (known) return known;
    const rows = await stored.outlined(seq);
    if (rows.length === 0) return undefined;
    const node = outlineOf(source, seq, rows, tree);
    outlines.set(seq, node);
    return node;
  };

  /** The documents by how they are searched. */
  const byRetrieval = async ({ seq }: KnowledgeState, config: KnowledgeConfig) => {
    const groups = new Map<ByOutline, { document: number; node: OutlineNode }[]>();
    const rest: number[] = [];
    const documents = await stored.readable(seq, mostDocuments + 1);
    if (documents.length > mostDocuments) {
      log.warn(
        { documents: mostDocuments },
        "an agent has too many documents for outlines: they are searched",
      );
      return { groups, rest };
    }
    const { reasoning_threshold: threshold, tree } = config;
    const undecided: { document: number; node: OutlineNode }[] = [];
    let tokens = 0;
    await fewAtOnce(documents, readAtOnce, async (document) => {
      const { seq } = document;
      const retrieval = sourceOf(document, config.sources)?.retrieval ?? config.retrieval;
      const node = retrieval === "vector" ? undefined : await outlined(document, config);
      tokens += node?.tokens ?? 0;
      if (!node || retrieval === "vector" || node.tokens > tree.max_document_tokens) rest.push(seq);
      else if (retrieval === undefined) undecided.push({ document: seq, node });
      else groups.set(retrieval, [...(groups.get(retrieval) ?? []), { document: seq, node }]);
    });
    if (tree.model !== undefined && threshold > 0 && tokens > threshold)
      groups.set("tree", [...(groups.get("tree") ?? []), ...undecided]);
    else rest.push(...undecided.map(({ document }) => document));
    return { groups, rest };
  };

  /** The passages of sections, in order, as far as they may be read. */
  async function* passagesOf(
    outline: Outline,
    nodes: readonly OutlineNode[],
    { tree }: KnowledgeConfig,
  ): AsyncGenerator<KnowledgePassage> {
    for (const [place, node] of nodes.entries()) {
      const nodePath = pathOf(outline, node);
      let left = tree.max_tokens_per_node * charactersOfToken;
      for (let id = node.first; id <= node.last && left > 0; id += lookedUpTogether) {
        const length = Math.min(lookedUpTogether, node.last - id + 1);
        const rows = await stored.passages(Array.from({ length }, (_, index) => id + index));
        for (const row of rows.sort((a, b) => a.id - b.id)) {
          left -= row.content.length;
          yield { ...passageOf(row, 1 - place / 100), nodePath };
        }
      }
    }
  }

  return async (
    state: KnowledgeState,
    question: string,
    { config, reader, judge }: SectionSettings,
    { nearest, best }: Rankings,
    room: { limit: number; tokens: number },
  ): Promise<FoundSections | undefined> => {
    if (!reader || !judge) return undefined;
    const { groups, rest } = await byRetrieval(state, config);
    if (groups.size === 0) return undefined;

    const byOutline = (outline: Outline) => sectionsChosenBy(reader, outline, question);
    const byMeaning = async (outline: Outline): Promise<OutlineNode[]> => {
      const sections = nearestSections(outline, await nearest(question, compared));
      if (sections.length === 0)
        throw new NoSectionError("no section is near in meaning: is there an embedding model?");
      return sections;
    };

    /** Adds the best section that was not read for each gap that a model names, as long as it names some. */
    const untilEnough = async (
      outline: Outline,
      documents: readonly number[],
      chosen: readonly OutlineNode[],
    ) => {
      const read = [...chosen];
      const most = Math.ceil((outline.leaves.length * config.tree.max_fetched_nodes_pct) / 100);
      for (let round = 0; round < config.tree.max_sufficiency_rounds && read.length < most; round++) {
        const excerpts = [];
        for (const node of read) {
          let text = "";
          for await (const passage of passagesOf(outline, [node], config)) {
            text += `\n${passage.text}`;
            if (text.length > longestJudged) break;
          }
          excerpts.push(`${pathOf(outline, node)}\n${shortened(text, longestJudged)}`);
        }
        const before = read.length;
        for (const gap of await gapsIn(judge, question, excerpts)) {
          const ids = [...(await best(gap, compared, documents)).keys()];
          const holding = new Set(ids.flatMap((id) => leafWith(outline, id) ?? []));
          const unread = [...holding].find((leaf) => withoutDoubles([...read, leaf]).length > read.length);
          if (unread && read.length < most) read.push(unread);
        }
        if (read.length === before) break;
      }
      return read;
    };

    const byBoth = async (outline: Outline, documents: readonly number[]): Promise<OutlineNode[]> => {
      const results = await Promise.allSettled([byOutline(outline), byMeaning(outline)]);
      const nodes = withoutDoubles(
        results.flatMap((result) => (result.status === "fulfilled" ? result.value : [])),
      );
      const failed = results.find((result) => result.status === "rejected");
      if (failed && nodes.length === 0) throw failed.reason;
      return untilEnough(outline, documents, nodes).catch((error: unknown) => {
        log.warn(
          { err: error, model: judge.model.id },
          "a model did not judge the sections: the first ones stay",
        );
        return nodes;
      });
    };

    const found = await Promise.all(
      [...groups].map(async ([retrieval, entries]) => {
        // They come as they are read.
        entries.sort((a, b) => a.document - b.document);
        const outline = outlineOfAll(entries.map(({ node }) => node));
        const documents = entries.map(({ document }) => document);
        try {
          const find = { tree: byOutline, "tree-vector": byMeaning, hybrid: byBoth }[retrieval];
          const nodes = withoutDoubles(await find(outline, documents));
          return await chosenOf(passagesOf(outline, nodes, config), room);
        } catch (error) {
          const instead = config.tree.fallback_to_vector ? "its documents are searched" : "it gives nothing";
          log.warn({ err: error, retrieval }, `the outline of documents gave no sections: ${instead}`);
          if (config.tree.fallback_to_vector) rest.push(...documents);
          return [];
        }
      }),
    );
    return { passages: found.flat(), rest };
  };
};
