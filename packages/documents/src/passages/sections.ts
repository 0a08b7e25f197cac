import type { Block, Document, Place } from "../base/document.ts";

/** Blocks below the same headings, on one slide, in one sheet and in one file. */
export interface Section {
  /** The headings that it stands below, the highest first. */
  headings: readonly string[];
  blocks: Block[];
}

type Heading = Block & { kind: "heading" };

const isElsewhere = (one: Place, other: Place): boolean =>
  one.slide !== other.slide || one.sheet !== other.sheet || one.part !== other.part;

/** Whether something stands below a heading. */
const isAbove = (heading: Heading, next: Block | undefined): boolean =>
  next !== undefined &&
  !isElsewhere(heading, next) &&
  (next.kind !== "heading" || next.level > heading.level);

/** The sections of a document, in their order. A heading that nothing stands below is the text of one. */
export function* sectionsOf({ blocks }: Pick<Document, "blocks">): Generator<Section> {
  let open: Heading[] = [];
  let section: Section = { headings: [], blocks: [] };
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    const moves = before !== undefined && isElsewhere(block, before);
    if (moves) open = [];
    if (block.kind === "heading") open = open.filter(({ level }) => level < block.level);
    const isHeading = block.kind === "heading" && isAbove(block, blocks[index + 1]);
    if (isHeading) open.push(block);
    if (moves || block.kind === "heading") {
      if (section.blocks.length > 0) yield section;
      section = { headings: open.map(({ text }) => text), blocks: [] };
    }
    if (!isHeading) section.blocks.push(block);
  }
  if (section.blocks.length > 0) yield section;
}
