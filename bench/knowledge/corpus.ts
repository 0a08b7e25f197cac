import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const syllables = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split(" ");
const vocabulary = 20_000;
const wordsOfPassage = 70;
const passagesOfFile = 100;

/** A generator of numbers from 0 to 1 that gives the same ones each time. */
const seeded = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

const wordOf = (number: number): string => {
  let word = "";
  for (let rest = number + 20; rest > 0; rest = Math.floor(rest / syllables.length)) {
    word += syllables[rest % syllables.length];
  }
  return word;
};

/** Words as a language has them: the n-th most frequent one comes 1/n as often as the first. */
export const wordsFrom = (seed: number): ((count: number) => string) => {
  const random = seeded(seed);
  const next = () => wordOf(Math.floor(Math.exp(random() * Math.log(vocabulary))));
  return (count) => Array.from({ length: count }, next).join(" ");
};

/** Writes documents of so many passages, a paragraph each. */
export const writeDocuments = (folder: string, passages: number): void => {
  mkdirSync(folder, { recursive: true });
  const words = wordsFrom(1);
  for (let file = 0; file * passagesOfFile < passages; file++) {
    const count = Math.min(passagesOfFile, passages - file * passagesOfFile);
    const paragraphs = Array.from({ length: count }, () => `${words(wordsOfPassage)}.`);
    writeFileSync(join(folder, `${file}.md`), paragraphs.join("\n\n"));
  }
};

const linesOfPage = 40;
const wordsOfLine = 11;

/** A PDF of so many pages full of text. */
export const pdfOf = (pages: number): Buffer => {
  const words = wordsFrom(2);
  const objects: string[] = ["<< /Type /Catalog /Pages 2 0 R >>"];
  const pageNumbers = Array.from({ length: pages }, (_, page) => 4 + 2 * page);
  objects.push(
    `<< /Type /Pages /Count ${pages} /Kids [${pageNumbers.map((number) => `${number} 0 R`).join(" ")}] >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  );
  for (const number of pageNumbers) {
    const lines = Array.from({ length: linesOfPage }, () => `(${words(wordsOfLine)}) Tj T*`);
    const content = `BT /F1 10 Tf 14 TL 50 780 Td ${lines.join("\n")} ET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${number + 1} 0 R
        /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  }
  let text = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const rows = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`);
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows.join("")}`;
  const trailer = `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(text + table + trailer, "latin1");
};
