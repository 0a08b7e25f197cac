import WordExtractor from "word-extractor";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { createTableWriter } from "../base/table-writer.ts";
import { passwordProtected } from "../base/unreadable.ts";

const addText = (text: string, output: Output): void => {
  const table = createTableWriter(output);
  let isTable = false;
  for (const line of text.split("\n")) {
    // The cells of a row each end with a tab.
    const isRow = line.endsWith("\t");
    if (isRow) table.row(line.split("\t").map((cell) => cell.trim()));
    else {
      if (isTable) table.end();
      output.add({ kind: "paragraph", text: line.trim() });
    }
    isTable = isRow;
  }
  if (isTable) table.end();
};

/** Reads Word documents from before 2007: paragraphs, tables and footnotes. Their headings are paragraphs. */
export const readDoc: Reader = async ({ bytes }, output) => {
  const document = await new WordExtractor().extract(bytes).catch((error: unknown) => {
    throw error instanceof Error && /encrypt|password/i.test(error.message) ? passwordProtected() : error;
  });
  for (const text of [
    document.getBody(),
    document.getFootnotes(),
    document.getEndnotes(),
    document.getTextboxes(),
  ]) {
    addText(text, output);
  }
};
