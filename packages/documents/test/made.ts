import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { deflateSync } from "node:zlib";
import { ZipFile } from "yazl";

type Files = Readonly<Record<string, string | Buffer>>;

/** A zip of files, by their names. */
export const zipOf = async (files: Files): Promise<Buffer> => {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return buffer(zip.outputStream);
};

/** A tar of files, by their names, compressed. */
export const tarOf = (files: Files): Buffer => {
  const folder = mkdtempSync(path.join(tmpdir(), "muxi-tar-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    return execFileSync("tar", ["czf", "-", "-C", folder, "."]);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** An e-book of two chapters, after a page that lists them. */
export const epubOf = (one: string, two: string): Promise<Buffer> =>
  zipOf({
    mimetype: "application/epub+zip",
    "META-INF/container.xml": `<container><rootfiles><rootfile full-path="book/main.opf"/></rootfiles></container>`,
    "book/main.opf": `<package><metadata><dc:title>The old orchard</dc:title></metadata>
      <manifest>
        <item id="two" href="text/second%20part.xhtml"/>
        <item id="nav" href="nav.xhtml" properties="nav"/>
        <item id="one" href="text/one.xhtml"/>
      </manifest>
      <spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>`,
    "book/nav.xhtml": "<html><body><ol><li>Contents</li></ol></body></html>",
    "book/text/one.xhtml": one,
    "book/text/second part.xhtml": two,
  });

const boundary = "--=_part";

/** A mail with a text and one attached file. */
export const mailOf = (text: string, filename: string, attached: string | Buffer): string =>
  [
    "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>",
    "To: Ann <ann@example.com>, shop@example.com",
    "Subject: =?utf-8?B?w4RwZmVs?=",
    "Date: Tue, 01 Dec 2026 09:00:00 +0000",
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    `--${boundary}`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
    `--${boundary}`,
    `Content-Type: application/octet-stream; name="${filename}"`,
    `Content-Disposition: attachment; filename="${filename}"`,
    "Content-Transfer-Encoding: base64",
    "",
    Buffer.from(attached).toString("base64"),
    `--${boundary}--`,
  ].join("\r\n");

/** A PDF of one line, whose font is named and not in the file, in an encoding of East Asia. @param hex The line */
export const pdfWithoutFont = (hex: string, encoding: string, ordering: string): string => {
  const content = `BT /F1 12 Tf 20 200 Td <${hex}> Tj ET`;
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Count 1/Kids[3 0 R]>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    `<</Type/Font/Subtype/Type0/BaseFont/Some-Light/Encoding/${encoding}/DescendantFonts[6 0 R]>>`,
    `<</Type/Font/Subtype/CIDFontType0/BaseFont/Some-Light/FontDescriptor 7 0 R/CIDSystemInfo<</Registry(Adobe)/Ordering(${ordering})/Supplement 2>>>>`,
    "<</Type/FontDescriptor/FontName/Some-Light/Flags 6/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200/StemV 80>>",
  ];
  // Readers find the objects without a table of their places.
  return `%PDF-1.4\n${objects.map((object, index) => `${index + 1} 0 obj\n${object}\nendobj\n`).join("")}trailer<</Root 1 0 R>>\n%%EOF`;
};

/** A page of a PDF: its text, or a picture in black and white that fills it, of 8 times 8 dots unless it says otherwise. */
interface MadePage {
  text?: string;
  dots?: Buffer;
  side?: number;
}

/** A PDF of pages that are each a text, or a picture. */
export const scannedPdf = (pages: readonly MadePage[]): Buffer => {
  const objects: (string | Buffer)[][] = [
    ["<</Type/Catalog/Pages 2 0 R>>"],
    [
      `<</Type/Pages/Count ${pages.length}/Kids[${pages.map((_, index) => `${4 + 3 * index} 0 R`).join(" ")}]>>`,
    ],
    ["<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"],
    ...pages.flatMap(({ text, dots = Buffer.alloc(8), side = 8 }, index) => {
      const content =
        text === undefined ? "200 0 0 200 0 0 cm /P Do" : `BT /F 12 Tf 20 100 Td (${text}) Tj ET`;
      const [inside, picture] = [5 + 3 * index, 6 + 3 * index];
      const resources = text === undefined ? `/XObject<</P ${picture} 0 R>>` : "/Font<</F 3 0 R>>";
      const packed = deflateSync(dots);
      return [
        [
          `<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents ${inside} 0 R/Resources<<${resources}>>>>`,
        ],
        [`<</Length ${content.length}>>stream\n${content}\nendstream`],
        [
          `<</Type/XObject/Subtype/Image/Width ${side}/Height ${side}/BitsPerComponent 1/ColorSpace/DeviceGray`,
          `/Filter/FlateDecode/Length ${packed.length}>>stream\n`,
          packed,
          "\nendstream",
        ],
      ];
    }),
  ];
  const written = objects.flatMap((object, index) => [`${index + 1} 0 obj\n`, ...object, "\nendobj\n"]);
  const all = ["%PDF-1.4\n", ...written, "trailer<</Root 1 0 R>>\n%%EOF"];
  return Buffer.concat(all.map((part) => Buffer.from(part)));
};
