import { relationshipsOf, titleOfOffice } from "../base/ooxml.ts";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { mayBeTitle } from "../base/slide-title.ts";
import { createTextFlow, type TextFlow } from "../base/text-flow.ts";
import { childrenOf, elementsOf, firstOf, parseXml, type XmlElement, xmlText } from "../base/xml.ts";
import { openZip, type Zip } from "../base/zip.ts";

const main = "ppt/presentation.xml";

const textOfParagraph = (paragraph: XmlElement): string =>
  childrenOf(paragraph)
    .map((child) => (child.name === "a:br" ? "\n" : child.name === "a:pPr" ? "" : xmlText(child)))
    .join("");

/** Text comes in boxes; the boxes of a slide say what they are for. */
const purposeOf = (shape: XmlElement): string => firstOf(shape, "p:ph")?.attributes.type ?? "";

const isListed = (paragraph: XmlElement, purpose: string): boolean => {
  const format = firstOf(paragraph, "a:pPr");
  if (childrenOf(format, "a:buNone").length > 0) return false;
  const isMarked = childrenOf(format).some(({ name }) => name === "a:buChar" || name === "a:buAutoNum");
  return isMarked || Number(format?.attributes.lvl ?? 0) > 0 || purpose === "body";
};

const addParagraphs = (shape: XmlElement, purpose: string, flow: TextFlow): void => {
  let depth = 0;
  const setDepth = (wanted: number): void => {
    for (; depth < wanted; depth++) flow.list(false);
    for (; depth > wanted; depth--) flow.endList();
  };
  for (const paragraph of elementsOf(shape, "a:p")) {
    const level = Number(firstOf(paragraph, "a:pPr")?.attributes.lvl ?? 0);
    const text = textOfParagraph(paragraph);
    if (text.trim() === "") continue;
    setDepth(isListed(paragraph, purpose) ? Math.min(level, 8) + 1 : 0);
    if (depth > 0) flow.item();
    for (const [index, line] of text.split("\n").entries()) {
      if (index > 0) flow.lineBreak();
      flow.text(line);
    }
    flow.endBlock();
  }
  setDepth(0);
};

const addTable = (table: XmlElement, flow: TextFlow): void => {
  flow.table();
  for (const row of elementsOf(table, "a:tr")) {
    flow.row();
    for (const cell of childrenOf(row, "a:tc")) {
      flow.cell();
      for (const paragraph of elementsOf(cell, "a:p")) {
        flow.text(textOfParagraph(paragraph));
        flow.lineBreak();
      }
    }
  }
  flow.endTable();
};

/** Number, date and footer of a slide say nothing of its subject. */
const unread = new Set(["sldNum", "dt", "ftr", "hdr", "sldImg"]);

const titles = new Set(["title", "ctrTitle"]);

/** The title of a slide: what says so, else its first text when that may be one. */
const titleOf = (tree: XmlElement): XmlElement | undefined => {
  const shapes = elementsOf(tree, "p:sp").filter((shape) => !unread.has(purposeOf(shape)));
  const named = shapes.find((shape) => titles.has(purposeOf(shape)));
  if (named) return named;
  const [first] = shapes;
  return first && mayBeTitle(elementsOf(first, "a:p").map(textOfParagraph)) ? first : undefined;
};

const addShapes = (tree: XmlElement, title: XmlElement | undefined, flow: TextFlow): void => {
  for (const shape of childrenOf(tree)) {
    if (shape.name === "p:grpSp") addShapes(shape, title, flow);
    else if (shape.name === "p:graphicFrame") {
      for (const table of elementsOf(shape, "a:tbl")) addTable(table, flow);
    } else if (shape.name === "p:sp") {
      const purpose = purposeOf(shape);
      if (unread.has(purpose)) continue;
      if (shape === title) {
        flow.heading(1);
        flow.text(elementsOf(shape, "a:p").map(textOfParagraph).join(" "));
        flow.endHeading();
      } else addParagraphs(shape, purpose, flow);
    }
  }
};

const treeOf = async (zip: Zip, part: string): Promise<XmlElement> =>
  firstOf(parseXml(await zip.text(part)), "p:spTree") ?? parseXml("");

const readSlide = async (zip: Zip, part: string, output: Output): Promise<void> => {
  const flow = createTextFlow(output);
  const tree = await treeOf(zip, part);
  addShapes(tree, titleOf(tree), flow);
  for (const { type, target } of (await relationshipsOf(zip, part)).values()) {
    if (type === "notesSlide") addShapes(await treeOf(zip, target), undefined, flow);
  }
  flow.end();
};

/** Reads presentations of PowerPoint since 2007: titles, text, lists, tables and notes, slide by slide. */
export const readPptx: Reader = async ({ bytes }, output) => {
  const zip = await openZip(bytes, output.limits.unpacked);
  output.title(await titleOfOffice(zip));
  const parts = await relationshipsOf(zip, main);
  const slides = elementsOf(parseXml(await zip.text(main)), "p:sldId");
  for (const [index, { attributes }] of slides.entries()) {
    const part = parts.get(attributes["r:id"] ?? "");
    if (!part) continue;
    output.page();
    await readSlide(zip, part.target, output.at({ slide: index + 1 }));
  }
};
