import type { KnowledgeConfig } from "@muxi/formation";
import type { OutlinedPassage } from "../store/index.ts";

/** A section of a document: what stands below a heading, on some pages, or in a part of it that has neither. */
export interface OutlineNode {
  /** What a model names it by: the numbers of the document and of the sections down to it, as in `2.1.3`. */
  id: string;
  title: string;
  /** How it begins, where its title says nothing of that. */
  beginning?: string;
  /** Passages of it and of the sections below it: the numbers of the first and the last one. */
  first: number;
  last: number;
  tokens: number;
  children: OutlineNode[];
}

/** A passage in the making of an outline. */
interface Outlined {
  id: number;
  tokens: number;
  beginning: string;
  page?: number;
  /** What it stands below: the part of an archive, then its headings. */
  titles: readonly string[];
}

type OutlineLimits = Pick<
  KnowledgeConfig["tree"],
  "max_depth" | "max_pages_per_node" | "max_tokens_per_node"
>;

/** Characters of a token: about right in English. */
export const charactersOfToken = 4;

const outlined = ({ id, size, beginning, place }: OutlinedPassage): Outlined => {
  const { headings, part, page } = JSON.parse(place) as { headings: string[]; part?: string; page?: number };
  return {
    id,
    tokens: Math.ceil(size / charactersOfToken),
    beginning,
    ...(page !== undefined && { page }),
    titles: part === undefined ? headings : [part, ...headings],
  };
};

/** Runs of passages, each as long as `goesOn` says so of the first one of the run and the next. */
const runsOf = (
  passages: readonly Outlined[],
  goesOn: (first: Outlined, next: Outlined, tokens: number) => boolean,
): Outlined[][] => {
  const runs: Outlined[][] = [];
  let tokens = 0;
  for (const passage of passages) {
    const run = runs.at(-1);
    const [first] = run ?? [];
    if (run && first && goesOn(first, passage, tokens)) {
      run.push(passage);
      tokens += passage.tokens;
    } else {
      runs.push([passage]);
      tokens = passage.tokens;
    }
  }
  return runs;
};

const tokensOf = (passages: readonly Outlined[]): number =>
  passages.reduce((sum, { tokens }) => sum + tokens, 0);

/** The sections of a document, in which each passage is once (docs/spec/formation-files.md "Sections"). */
export const outlineOf = (
  title: string,
  number: number,
  rows: readonly OutlinedPassage[],
  { max_depth, max_pages_per_node, max_tokens_per_node }: OutlineLimits,
): OutlineNode => {
  const nodeOf = (
    id: string,
    passages: readonly Outlined[],
    says: Pick<OutlineNode, "title" | "beginning">,
    children: OutlineNode[],
  ): OutlineNode => ({
    id,
    ...says,
    first: passages[0]?.id ?? 0,
    last: passages.at(-1)?.id ?? -1,
    tokens: tokensOf(passages),
    children,
  });

  const beginningOf = ([first]: readonly Outlined[]) => ({ beginning: first?.beginning ?? "" });

  /** What has no headings of its own, by its pages, or by its length. */
  const parts = (id: string, passages: readonly Outlined[]): OutlineNode[] => {
    const hasPages = passages.every(({ page }) => page !== undefined);
    const runs = runsOf(passages, (first, next, tokens) =>
      hasPages
        ? (next.page ?? 0) < (first.page ?? 0) + max_pages_per_node
        : tokens + next.tokens <= max_tokens_per_node,
    );
    if (runs.length < 2) return [];
    return runs.map((run, index) => {
      const [from, to] = [run[0]?.page, run.at(-1)?.page];
      const named = from === to ? `page ${from}` : `pages ${from} to ${to}`;
      const title = hasPages ? named : `part ${index + 1}`;
      return nodeOf(`${id}.${index + 1}`, run, { title, ...beginningOf(run) }, []);
    });
  };

  const below = (id: string, passages: readonly Outlined[], depth: number): OutlineNode[] => {
    const isDeepest = depth >= max_depth || passages.every(({ titles }) => titles.length <= depth);
    if (isDeepest) return parts(id, passages);
    const runs = runsOf(passages, (first, next) => first.titles[depth] === next.titles[depth]);
    return runs.map((run, index) => {
      const child = `${id}.${index + 1}`;
      const heading = run[0]?.titles[depth];
      // What stands before the first heading has none.
      if (heading === undefined) return nodeOf(child, run, { title: "", ...beginningOf(run) }, []);
      return nodeOf(child, run, { title: heading }, below(child, run, depth + 1));
    });
  };

  const passages = rows.map(outlined);
  const id = String(number);
  const children = below(id, passages, 0);
  return nodeOf(id, passages, { title, ...(children.length === 0 && beginningOf(passages)) }, children);
};

/** A node and all below it, from the top. */
export function* nodesOf(node: OutlineNode): Generator<OutlineNode> {
  yield node;
  for (const child of node.children) yield* nodesOf(child);
}

/** Documents with their sections. */
export interface Outline {
  documents: readonly OutlineNode[];
  nodes: ReadonlyMap<string, OutlineNode>;
  /** Sections without sections below them, in the order of their passages. */
  leaves: readonly OutlineNode[];
}

export const outlineOfAll = (documents: readonly OutlineNode[]): Outline => {
  const all = documents.flatMap((document) => [...nodesOf(document)]);
  return {
    documents,
    nodes: new Map(all.map((node) => [node.id, node])),
    leaves: all.filter(({ children }) => children.length === 0).sort((a, b) => a.first - b.first),
  };
};

/** The lowest section that has a passage. */
export const leafWith = ({ leaves }: Outline, passage: number): OutlineNode | undefined => {
  let [from, to] = [0, leaves.length - 1];
  while (from <= to) {
    const middle = (from + to) >> 1;
    const leaf = leaves[middle];
    if (!leaf) return undefined;
    if (passage < leaf.first) to = middle - 1;
    else if (passage > leaf.last) from = middle + 1;
    else return leaf;
  }
  return undefined;
};

/** The titles from the document's down to a section's, as citations tell them. */
export const pathOf = ({ nodes }: Outline, { id }: OutlineNode): string => {
  const numbers = id.split(".");
  return numbers
    .map((_, index) => nodes.get(numbers.slice(0, index + 1).join("."))?.title ?? "")
    .filter((title) => title !== "")
    .join(" › ");
};

/** Without sections that others have in them, and without the same twice: the first stay. */
export const withoutDoubles = (nodes: readonly OutlineNode[]): OutlineNode[] =>
  nodes.filter(
    (node, index) =>
      !nodes.some((other, at) => {
        const isSame = other.id === node.id;
        return isSame ? at < index : node.id.startsWith(`${other.id}.`);
      }),
  );
