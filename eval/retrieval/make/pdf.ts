import { linesOf, type SourceLine } from "./source.ts";

/** A line of a page, in points. */
interface PageLine {
  text: string;
  size: number;
  /** From the line above. */
  gap: number;
}

const bodySize = 10;
const headingSizes = [18, 14, 12];
const charactersPerLine = 84;
const pageHeight = 842;
const margin = 60;
/** The bullet of the encoding that standard fonts have. */
const bullet = "\x95";

const wrapped = (text: string): string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length >= charactersPerLine) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
};

const pageLinesOf = ({ kind, text, level, cells }: SourceLine): PageLine[] => {
  if (kind === "heading") {
    const size = headingSizes[level - 1] ?? bodySize;
    return [{ text, size, gap: size * 2 }];
  }
  const content = kind === "row" ? cells.join("   ") : kind === "item" ? `${bullet} ${text}` : text;
  const first = kind === "paragraph" ? bodySize * 2 : bodySize * 1.3;
  return wrapped(content).map((line, index) => ({
    text: line,
    size: bodySize,
    gap: index === 0 ? first : bodySize * 1.3,
  }));
};

const pagesOf = (lines: readonly PageLine[]): PageLine[][] => {
  const pages: PageLine[][] = [];
  let left = 0;
  for (const line of lines) {
    if (line.gap > left) {
      pages.push([]);
      left = pageHeight - 2 * margin;
    }
    pages.at(-1)?.push(line);
    left -= line.gap;
  }
  return pages;
};

const escaped = (text: string): string => text.replace(/[\\()]/g, "\\$&");

const contentOf = (page: readonly PageLine[]): string => {
  let y = pageHeight - margin;
  const drawn = page.map(({ text, size, gap }) => {
    y -= gap;
    return `/F1 ${size} Tf 1 0 0 1 ${margin} ${y} Tm (${escaped(text)}) Tj`;
  });
  return `BT ${drawn.join("\n")} ET`;
};

const font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

/** A PDF of a source in Markdown: headings are larger, all else is lines of text. Its letters are those of Latin-1. */
export const makePdf = (markdown: string): Buffer => {
  const pages = pagesOf(linesOf(markdown).flatMap(pageLinesOf));
  const pageNumber = (index: number) => 4 + index * 2;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, index) => `${pageNumber(index)} 0 R`).join(" ")}] >>`,
    font,
    ...pages.flatMap((page, index) => {
      const content = contentOf(page);
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 ${pageHeight}] /Resources << /Font << /F1 3 0 R >> >> /Contents ${pageNumber(index) + 1} 0 R >>`,
        `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      ];
    }),
  ];
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, "0")} 00000 n \n`;
  });
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${offsets.join("")}`;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file + table + trailer, "latin1");
};
