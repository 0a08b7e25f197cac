import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { markdownOf } from "../src/index.ts";
import { tarOf, zipOf } from "./made.ts";
import { createReading, fixture } from "./read.ts";

const { read, documentOf, readFileAt } = createReading({ milliseconds: 45_000 });

const megabyte = 2 ** 20;

const cell = (reference: string, value: string) =>
  `<c r="${reference}" t="inlineStr"><is><t>${value}</t></is></c>`;

/** A workbook of one sheet. */
const workbookOf = (sheetData: string) =>
  zipOf({
    "[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
    "_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    "xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>`,
    "xl/worksheets/sheet1.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${sheetData}</sheetData></worksheet>`,
  });

const odsOf = (rows: string) =>
  zipOf({
    "content.xml": `<office:document-content><office:body><office:spreadsheet><table:table table:name="One">${rows}</table:table></office:spreadsheet></office:body></office:document-content>`,
  });

const docxOf = (documentXml: Buffer) => zipOf({ "word/document.xml": documentXml });

describe("what is not read is named with its reason, and the next document is read", () => {
  test.each([
    ["a PDF with a password", "encrypted.pdf", undefined, "encrypted", "it is protected by a password"],
    [
      "a Word document with a password",
      "a.docx",
      () => Buffer.from("d0cf11e0a1b11ae1", "hex"),
      "encrypted",
      "it is protected by a password",
    ],
    [
      "a Word document that unpacks to 200 MB",
      "a.docx",
      () => docxOf(Buffer.alloc(200 * megabyte, 32)),
      "too_large",
      "it unpacks to too much",
    ],
    [
      "a tar that unpacks to 200 MB",
      "a.tgz",
      () => tarOf({ "a.txt": Buffer.alloc(200 * megabyte, 32) }),
      "too_large",
      "it unpacks to too much",
    ],
    ["noise as a workbook", "a.xls", () => Buffer.from("no workbook"), "broken", "it is no xls"],
    [
      "elements below elements",
      "a.html",
      () => "<div>".repeat(200_000),
      "broken",
      "its elements are nested too deeply",
    ],
    [
      "groups in groups",
      "a.rtf",
      () => `{\\rtf1${"{".repeat(2_000_000)}`,
      "broken",
      "its elements are nested too deeply",
    ],
    [
      "parts in parts of a mail",
      "a.eml",
      () =>
        Array.from(
          { length: 5_000 },
          (_, index) => `Content-Type: multipart/mixed; boundary=b${index}\n\n--b${index}\n`,
        ).join(""),
      "broken",
      "it is damaged",
    ],
  ])("%s", async (_, name, content, code, reason) => {
    expect(await read(name, await content?.())).toEqual({ failure: { code, reason } });
    expect(markdownOf(await documentOf("a.md", "# Still\n\nhere"))).toBe("# Still\n\nhere");
  });

  test("a file that is gone, and one of a gigabyte", async () => {
    const folder = temporaryFolder();
    const large = path.join(folder, "large.pdf");
    const file = await open(large, "w");
    await file.truncate(2 ** 30);
    await file.close();
    expect(await readFileAt(large)).toEqual({
      failure: { code: "too_large", reason: "it is larger than what is read" },
    });
    expect(await readFileAt(path.join(folder, "gone.md"))).toEqual({
      failure: { code: "broken", reason: "it cannot be opened (ENOENT)" },
    });
  });

  test("files of an archive that are not read", async () => {
    const inner = await zipOf({ "deep.txt": "Deep" });
    const archives = await zipOf({ "b.zip": await zipOf({ "c.zip": await zipOf({ "d.zip": inner }) }) });
    expect((await documentOf("a.zip", archives)).unread).toEqual([
      { part: "b.zip/c.zip/d.zip/deep.txt", code: "unsupported", reason: "it is in too many others" },
    ]);
    const mixed = await zipOf({
      "a.md": "Apples",
      "b.docx": "no document",
      "c.exe": "MZ",
      "encrypted.pdf": await readFile(fixture("encrypted.pdf")),
      "z.md": "Pears",
    });
    const { unread, blocks } = await documentOf("a.zip", mixed);
    expect(unread).toEqual([
      { part: "b.docx", code: "broken", reason: "it is no docx" },
      { part: "c.exe", code: "unsupported", reason: "its type is not read" },
      { part: "encrypted.pdf", code: "encrypted", reason: "it is protected by a password" },
    ]);
    expect(blocks.map(({ part }) => part)).toEqual(["a.md", "z.md"]);
  });
});

describe("what claims to be endless is read up to the limits", () => {
  test("a workbook of two cells at the ends of its sheet", async () => {
    const rows = `<row r="1">${cell("A1", "first")}</row><row r="1048576">${cell("XFD1048576", "last")}</row>`;
    const { blocks } = await documentOf("a.xlsx", await workbookOf(rows));
    expect(blocks).toMatchObject([{ sheet: "One", rows: [["first"]] }]);
  });

  test("a sheet whose rows and columns are repeated to its ends", async () => {
    const cells = `<table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>`;
    const rows = `<table:table-row table:number-rows-repeated="1048576">${cells}</table:table-row>`;
    const { blocks } = await documentOf("a.ods", await odsOf(rows));
    expect(blocks).toMatchObject([{ rows: Array(100).fill(Array(500).fill("x")) }]);
  });

  test("values of millions of rows", async () => {
    const { blocks, isCut } = await documentOf("a.csv", `a,b\n${"1,2\n".repeat(5_000_000)}`);
    expect(isCut).toBe(true);
    const rows = blocks.reduce((sum, block) => sum + (block.kind === "table" ? block.rows.length - 1 : 0), 0);
    expect(rows).toBeGreaterThan(50_000);
  });

  test("a page of 50 MB in one line", async () => {
    const { blocks, isCut } = await documentOf("a.html", `<p>${"word ".repeat(10 * megabyte)}</p>`);
    expect(isCut).toBe(true);
    expect(blocks).toHaveLength(1);
  });

  test("pages beyond the most that are read", async () => {
    const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${1000 + index}.txt`, "x"]));
    const { blocks, isCut } = await documentOf("a.zip", await zipOf(files));
    expect([blocks.length, isCut]).toEqual([100, true]);
  });
});

test("an XML whose entities multiply is read without them", async () => {
  const xml = `<!DOCTYPE a [<!ENTITY b "&c;&c;&c;"><!ENTITY c "${"x".repeat(1000)}">]><a>${"&b;".repeat(1000)}</a>`;
  expect(markdownOf(await documentOf("a.xml", xml)).length).toBeLessThan(10_000);
});

test.each([
  "guide.docx",
  "guide.doc",
  "guide.odt",
  "guide.rtf",
  "guide.pdf",
  "stock.xls",
  "talk.pptx",
  "talk.odp",
])("%s cut anywhere is read or refused, and never more", async (name) => {
  const whole = await readFile(fixture(name));
  for (const share of [0.1, 0.5, 0.9, 0.99]) {
    const reading = await read(name, whole.subarray(0, Math.floor(whole.length * share)));
    expect("failure" in reading ? reading.failure.reason : "").toMatch(/^(?:|it is damaged|it is no \w+)$/);
  }
});
