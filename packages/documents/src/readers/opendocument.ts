import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { mayBeTitle } from "../base/slide-title.ts";
import { createTableWriter } from "../base/table-writer.ts";
import { createTextFlow, type TextFlow } from "../base/text-flow.ts";
import { passwordProtected } from "../base/unreadable.ts";
import {
  childrenOf,
  elementsOf,
  firstOf,
  parseXml,
  type XmlElement,
  type XmlNode,
  xmlText,
} from "../base/xml.ts";
import { openZip } from "../base/zip.ts";

/** A file may claim that an empty row or cell is repeated to the end of the sheet. */
const mostRepeated = 100;
const mostColumns = 500;

const repeatedOf = (element: XmlElement, attribute: string): number => {
  const count = Number.parseInt(element.attributes[attribute] ?? "1", 10);
  return Number.isNaN(count) ? 1 : Math.max(count, 1);
};

/** What stands in a text and is not of it. */
const unreadInText = new Set(["office:annotation", "text:tracked-changes", "text:note", "draw:frame"]);

/** The text of a paragraph; its footnotes go to `notes`, and leave their number. */
const textOf = (nodes: readonly XmlNode[], notes: string[]): string =>
  nodes
    .map((node) => {
      if (typeof node === "string") return node.replace(/\s+/g, " ");
      if (node.name === "text:s") return " ".repeat(Math.min(repeatedOf(node, "text:c"), mostRepeated));
      if (node.name === "text:tab") return "\t";
      if (node.name === "text:line-break") return "\n";
      if (node.name === "text:note") {
        const mark = xmlText(firstOf(node, "text:note-citation")) || String(notes.length + 1);
        notes.push(
          `${mark}. ${childrenOf(firstOf(node, "text:note-body"))
            .map((each) => textOf(each.children, notes))
            .join("\n")}`,
        );
        return `[${mark}]`;
      }
      return unreadInText.has(node.name) ? "" : textOf(node.children, notes);
    })
    .join("");

interface Walk {
  flow: TextFlow;
  notes: string[];
  /** The levels of headings by the names of paragraph styles that stand for them. */
  headingLevels: ReadonlyMap<string, number>;
}

const say = (text: string, { flow }: Walk): void => {
  for (const [index, line] of text.split("\n").entries()) {
    if (index > 0) flow.lineBreak();
    flow.text(line);
  }
  flow.endBlock();
};

const addItems = (list: XmlElement, walk: Walk): void => {
  for (const item of childrenOf(list)) {
    walk.flow.item();
    addText(item, walk);
  }
};

const addTable = (table: XmlElement, walk: Walk): void => {
  walk.flow.table();
  for (const row of elementsOf(table, "table:table-row")) {
    walk.flow.row();
    for (const cell of childrenOf(row, "table:table-cell")) {
      walk.flow.cell(repeatedOf(cell, "table:number-columns-spanned"));
      addText(cell, walk);
    }
  }
  walk.flow.endTable();
};

/** Comments, text that was deleted, and what repeats the headings. */
const unreadInBody = new Set(["office:annotation", "text:tracked-changes", "text:table-of-content"]);

const levelOf = ({ name, attributes }: XmlElement, { headingLevels }: Walk): number | undefined => {
  if (name === "text:h") return Number(attributes["text:outline-level"] ?? 1);
  return name === "text:p" ? headingLevels.get(attributes["text:style-name"] ?? "") : undefined;
};

const addText = (parent: XmlElement, walk: Walk): void => {
  // Each item of a list may be a list of its own.
  let isList = false;
  for (const element of childrenOf(parent)) {
    const { name } = element;
    if (isList !== (name === "text:list")) {
      if (isList) walk.flow.endList();
      else walk.flow.list(false);
      isList = !isList;
    }
    const level = levelOf(element, walk);
    if (level !== undefined) {
      walk.flow.heading(level);
      say(textOf(element.children, walk.notes), walk);
      walk.flow.endHeading();
    } else if (name === "text:p") {
      say(textOf(element.children, walk.notes), walk);
      // Text in frames stands where they are anchored.
      for (const frame of elementsOf(element, "draw:text-box")) addText(frame, walk);
    } else if (name === "text:list") addItems(element, walk);
    else if (name === "table:table") addTable(element, walk);
    else if (!unreadInBody.has(name)) addText(element, walk);
  }
  if (isList) walk.flow.endList();
};

/** The title of a document is a paragraph of a style that is called so. */
const headingLevelsOf = (content: XmlElement): Map<string, number> => {
  const levels = new Map([
    ["Title", 1],
    ["Subtitle", 2],
  ]);
  for (const { attributes } of elementsOf(content, "style:style")) {
    const level = levels.get(attributes["style:parent-style-name"] ?? "");
    if (level !== undefined) levels.set(attributes["style:name"] ?? "", level);
  }
  return levels;
};

const walkInto = (output: Output, content: XmlElement): Walk & { end(): void } => {
  const flow = createTextFlow(output);
  const notes: string[] = [];
  return {
    flow,
    notes,
    headingLevels: headingLevelsOf(content),
    end() {
      flow.end();
      for (const text of notes) output.add({ kind: "paragraph", text });
    },
  };
};

const open = async (bytes: Buffer, output: Output): Promise<XmlElement> => {
  const zip = await openZip(bytes, output.limits.unpacked);
  if ((await zip.text("META-INF/manifest.xml")).includes("encryption-data")) throw passwordProtected();
  output.title(xmlText(firstOf(parseXml(await zip.text("meta.xml")), "dc:title")));
  return parseXml(await zip.text("content.xml"));
};

/** Reads texts of OpenDocument: headings, lists, tables and footnotes. */
export const readOdt: Reader = async ({ bytes }, output) => {
  const content = await open(bytes, output);
  const body = firstOf(content, "office:text");
  const walk = walkInto(output, content);
  if (body) addText(body, walk);
  walk.end();
};

const purposeOf = (shape: XmlElement): string => shape.attributes["presentation:class"] ?? "";

/** The title of a slide: what says so, else its first text when that may be one. */
const titleOf = (shapes: readonly XmlElement[]): XmlElement | undefined => {
  const named = shapes.find((shape) => purposeOf(shape) === "title");
  const [first] = shapes.filter(({ name }) => name === "draw:frame");
  if (named || !first) return named;
  return mayBeTitle(elementsOf(first, "text:p").map(xmlText)) ? first : undefined;
};

const unreadOnSlides = new Set(["header", "footer", "date-time", "page-number"]);

/** Reads presentations of OpenDocument: titles, text, lists, tables and notes, slide by slide. */
export const readOdp: Reader = async ({ bytes }, output) => {
  const content = await open(bytes, output);
  for (const [index, page] of elementsOf(content, "draw:page").entries()) {
    output.page();
    const walk = walkInto(output.at({ slide: index + 1 }), content);
    const shapes = childrenOf(page).filter((shape) => !unreadOnSlides.has(purposeOf(shape)));
    const title = titleOf(shapes);
    for (const shape of shapes) {
      if (shape === title) {
        walk.flow.heading(1);
        for (const paragraph of elementsOf(shape, "text:p"))
          walk.flow.text(`${textOf(paragraph.children, walk.notes)} `);
        walk.flow.endHeading();
      } else addText(shape, walk);
    }
    walk.end();
  }
};

const cellsOf = (row: XmlElement): string[] => {
  const cells: string[] = [];
  for (const cell of childrenOf(row)) {
    if (!cell.name.endsWith("table-cell")) continue;
    const text = childrenOf(cell, "text:p")
      .map((each) => textOf(each.children, []))
      .join(" ")
      .trim();
    const count = Math.min(repeatedOf(cell, "table:number-columns-repeated"), mostColumns - cells.length);
    for (let column = 0; column < count; column++) cells.push(text);
  }
  return cells;
};

/** Reads sheets of OpenDocument, with values as they are shown. Hidden sheets are left out. */
export const readOds: Reader = async ({ bytes }, output) => {
  const content = await open(bytes, output);
  const hidden = new Set(
    elementsOf(content, "style:style")
      .filter((style) => firstOf(style, "style:table-properties")?.attributes["table:display"] === "false")
      .map(({ attributes }) => attributes["style:name"]),
  );
  const body = firstOf(content, "office:spreadsheet");
  for (const sheet of childrenOf(body, "table:table")) {
    const { attributes } = sheet;
    if (hidden.has(attributes["table:style-name"])) continue;
    output.page();
    const table = createTableWriter(output.at({ sheet: attributes["table:name"] ?? "" }));
    let line = 1;
    for (const row of elementsOf(sheet, "table:table-row")) {
      const repeated = repeatedOf(row, "table:number-rows-repeated");
      const cells = cellsOf(row);
      for (let count = 0; count < Math.min(repeated, mostRepeated); count++) table.row(cells, line + count);
      line += repeated;
    }
    table.end();
  }
};
