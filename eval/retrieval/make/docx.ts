import { zipOf } from "../../../packages/documents/test/made.ts";
import { linesOf, type SourceLine } from "./source.ts";

const namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const relationships = "http://schemas.openxmlformats.org/package/2006/relationships";
const officeDocument = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const contentTypes = "http://schemas.openxmlformats.org/package/2006/content-types";
const wordType = "application/vnd.openxmlformats-officedocument.wordprocessingml";
const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const paragraph = (text: string, properties = ""): string =>
  `<w:p>${properties}<w:r><w:t xml:space="preserve">${escaped(text)}</w:t></w:r></w:p>`;

const styled = (style: string, more = ""): string => `<w:pPr><w:pStyle w:val="${style}"/>${more}</w:pPr>`;
const bullet = styled("ListParagraph", `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>`);

const elementOf = ({ kind, text, level, cells }: SourceLine): string => {
  if (kind === "heading") return paragraph(text, styled(`Heading${level}`));
  if (kind === "item") return paragraph(text, bullet);
  if (kind === "row") {
    const row = cells.map((cell) => `<w:tc>${paragraph(cell)}</w:tc>`).join("");
    return `<w:tbl><w:tr>${row}</w:tr></w:tbl>`;
  }
  return paragraph(text);
};

const styles = [1, 2, 3]
  .map(
    (level) =>
      `<w:style w:type="paragraph" w:styleId="Heading${level}"><w:name w:val="heading ${level}"/></w:style>`,
  )
  .join("");

const parts = {
  "[Content_Types].xml": `${declaration}<Types xmlns="${contentTypes}">
    <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
    <Override PartName="/word/document.xml" ContentType="${wordType}.document.main+xml"/>
    <Override PartName="/word/styles.xml" ContentType="${wordType}.styles+xml"/>
    <Override PartName="/word/numbering.xml" ContentType="${wordType}.numbering+xml"/></Types>`,
  "_rels/.rels": `${declaration}<Relationships xmlns="${relationships}">
    <Relationship Id="rId1" Type="${officeDocument}/officeDocument" Target="word/document.xml"/></Relationships>`,
  "word/_rels/document.xml.rels": `${declaration}<Relationships xmlns="${relationships}">
    <Relationship Id="rId1" Type="${officeDocument}/styles" Target="styles.xml"/>
    <Relationship Id="rId2" Type="${officeDocument}/numbering" Target="numbering.xml"/></Relationships>`,
  "word/styles.xml": `${declaration}<w:styles xmlns:w="${namespace}">${styles}</w:styles>`,
  "word/numbering.xml": `${declaration}<w:numbering xmlns:w="${namespace}">
    <w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`,
};

/** A Word document of a source in Markdown, with its headings and lists. */
export const makeDocx = (markdown: string): Promise<Buffer> =>
  zipOf({
    ...parts,
    "word/document.xml": `${declaration}<w:document xmlns:w="${namespace}"><w:body>${linesOf(markdown)
      .map(elementOf)
      .join("")}</w:body></w:document>`,
  });
