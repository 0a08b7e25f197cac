import { readFile } from "node:fs/promises";
import { deflateRawSync, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createAttachmentReader, modelMessage, storedMessage } from "./index.ts";

const reader = createAttachmentReader({ largestFile: 50 * 2 ** 20, understanding: {} });

const file = (filename: string, content: Buffer | string, content_type = "application/octet-stream") => ({
  filename,
  content: Buffer.from(content).toString("base64"),
  content_type,
});

const textOf = async (...files: ReturnType<typeof file>[]) =>
  (await reader.read(files, "ann")).documents.map(({ text }) => text).join("\n");

/** A PDF of one content stream per page, with a table of places that readers want. */
const pdf = (pages: readonly Buffer[], filter = "") => {
  const objects: Buffer[] = [];
  const add = (...parts: (string | Buffer)[]) =>
    objects.push(Buffer.concat(parts.map((part) => Buffer.from(part))));
  add("<</Type/Catalog/Pages 2 0 R>>");
  add(`<</Type/Pages/Count ${pages.length}/Kids[${pages.map((_, n) => `${4 + 2 * n} 0 R`).join(" ")}]>>`);
  add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
  pages.forEach((content, n) => {
    add(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents ${5 + 2 * n} 0 R/Resources<</Font<</F1 3 0 R>>>>>>`,
    );
    add(`<</Length ${content.length}${filter}>>stream\n`, content, "\nendstream");
  });
  const places: number[] = [];
  let body = Buffer.from("%PDF-1.4\n");
  objects.forEach((object, n) => {
    places.push(body.length);
    body = Buffer.concat([body, Buffer.from(`${n + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")]);
  });
  const table = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  const end = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${body.length}\n%%EOF`;
  return Buffer.concat([body, Buffer.from(end)]);
};

const line = (text: string) => Buffer.from(`BT /F1 12 Tf 20 200 Td (${text}) Tj ET`);

interface Part {
  name: string;
  packed: Buffer;
  size: number;
}

const zip = (parts: readonly Part[]) => {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, packed, size } of parts) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(size, 22);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
};

const docx = (documentXml: Buffer, declaredSize = documentXml.length) => {
  const part = (name: string, text: Buffer, size = text.length) => ({
    name,
    packed: deflateRawSync(text),
    size,
  });
  const relationships = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`;
  const types = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`;
  return zip([
    part("[Content_Types].xml", Buffer.from(types)),
    part("_rels/.rels", Buffer.from(relationships)),
    part("word/document.xml", documentXml, declaredSize),
  ]);
};

const wordBody = (body: string, before = "") =>
  Buffer.from(
    `${before}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
  );

const word = (text: string) => wordBody(`<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`);

/** A file of 6 KB that takes minutes to read: each paragraph costs more than the one before. */
const slow = file("slow.docx", docx(wordBody("<w:p/>".repeat(600_000))));

describe("documents become text", () => {
  test.for([
    ["notes.txt", "text/plain", "Prune in März"],
    ["notes.md", "text/markdown; charset=utf-8", "# Prune"],
    ["trees.csv", "application/octet-stream", "name,age\nOak,12"],
    ["trees.json", "application/json", '{"oak":12}'],
    ["trees.xml", "text/xml", "<oak/>"],
  ] as const)("%s", async ([name, type, content]) => {
    expect(await textOf(file(name, content, type))).toBe(content);
  });

  test("a page as Markdown, without its scripts", async () => {
    const html =
      "<html><head><title>x</title></head><body><h1>Oaks &amp; elms</h1><script>alert(1)</script><p>Two</p></body></html>";
    expect(await textOf(file("page.html", html, "text/html"))).toBe("# Oaks & elms\n\nTwo");
  });

  test("the pages of a PDF", async () => {
    const content = pdf([line("First page"), line("Second page")]);
    expect(await textOf(file("plan.pdf", content, "application/pdf"))).toBe(
      "[Page 1]\n\nFirst page\n\n[Page 2]\n\nSecond page",
    );
  });

  test("a table, row by row", async () => {
    const workbook = new URL("../../../documents/test/fixtures/stock.xlsx", import.meta.url);
    expect(await textOf(file("stock.xlsx", await readFile(workbook)))).toContain("| Cox | 12 | 2026-09-18 |");
  });

  test("a text in another encoding, and one that is cut inside a character", async () => {
    expect(await textOf(file("a.txt", Buffer.from("Gr\xf6\xdfe", "latin1")))).toBe("Größe");
    const japanese = Buffer.from(
      "93fa967b8cea82cc95b68fcd82c582b7814282e882f182b282cd8f5c8c8e82c98efb8a6e82b582dc82b78142",
      "hex",
    );
    expect(await textOf(file("a.csv", japanese))).toBe("日本語の文章です。りんごは十月に収穫します。");
    const long = `x${"ö".repeat(500_000)}`;
    expect(await textOf(file("a.txt", long))).toBe(long.slice(0, 200_000));
  });

  test("a Word document", async () => {
    expect(await textOf(file("plan.docx", docx(word("Water the trees"))))).toBe("Water the trees");
  });
});

describe("what cannot be read", () => {
  test.for([
    [
      "an unknown type says what works",
      file("tool.exe", "MZ"),
      "UNSUPPORTED_MEDIA_TYPE",
      /txt, md, csv.*pdf, docx/,
    ],
    ["a PDF that is none", file("plan.pdf", "hello"), "INVALID_PARAMS", /is not of the type that it claims/],
    [
      "a damaged PDF",
      file("plan.pdf", "%PDF-1.4\nnothing"),
      "INVALID_PARAMS",
      /cannot be read: it is damaged$/,
    ],
    [
      "a damaged Word document",
      file("plan.docx", "PK and nothing more, not even an end"),
      "INVALID_PARAMS",
      /cannot/,
    ],
    [
      "an image that is none",
      file("tree.png", "hello"),
      "INVALID_PARAMS",
      /is not of the type that it claims/,
    ],
    ["an empty file", file("a.txt", ""), "INVALID_PARAMS", /empty/],
    ["what is not Base64", { ...file("a.txt", ""), content: "*?" }, "INVALID_PARAMS", /Base64/],
    [
      "Base64 with a letter of another alphabet in it",
      { ...file("a.txt", ""), content: "YWJ\u00e4" },
      "INVALID_PARAMS",
      /Base64/,
    ],
    ["Base64 that ends early", { ...file("a.txt", ""), content: "YQ==YWJj" }, "INVALID_PARAMS", /Base64/],
    ["too large an image", file("a.png", Buffer.alloc(6 * 2 ** 20)), "PAYLOAD_TOO_LARGE", /5 MB/],
  ] as const)("%s", async ([, attachment, code, message]) => {
    const failure = await reader.read([attachment], "ann").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("too many files", async () => {
    await expect(reader.read(Array(11).fill(file("a.txt", "a")), "ann")).rejects.toMatchObject({
      code: "INVALID_PARAMS",
    });
  });
});

describe("hostile documents end, and the process goes on", () => {
  test("a Word document that unpacks to far more than it says", async () => {
    const bomb = docx(Buffer.alloc(200 * 2 ** 20, 32), 100);
    expect(bomb.length).toBeLessThan(2 ** 20);
    await expect(reader.read([file("bomb.docx", bomb)], "ann")).rejects.toMatchObject({
      code: "INVALID_PARAMS",
    });
  });

  test("a PDF whose page unpacks to more than the process may take", async () => {
    const once = deflateSync(Buffer.alloc(600 * 2 ** 20, 32), { level: 9 });
    const twice = deflateSync(once, { level: 9 });
    const before = process.memoryUsage.rss();
    const bomb = pdf([twice], "/Filter[/FlateDecode/FlateDecode]");
    const outcome = await reader.read([file("bomb.pdf", bomb)], "ann").catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: "INVALID_PARAMS" });
    expect(process.memoryUsage.rss() - before).toBeLessThan(1.5 * 2 ** 30);
    expect(await textOf(file("page.html", "<p>Still here</p>"))).toBe("Still here");
  });

  test("a small Word document that is slow to read is refused, and others are read meanwhile", async () => {
    expect(slow.content.length).toBeLessThan(10_000);
    const refusals = [1, 2].map(() => reader.read([slow], "eve").catch((error: unknown) => error));
    let isOver = false;
    const over = Promise.all(refusals).then((errors) => {
      isOver = true;
      return errors;
    });
    const read = await reader.read([file("plan.docx", docx(word("Water the trees")))], "ann");
    expect(read.documents[0]?.text).toBe("Water the trees");
    expect(isOver).toBe(false);
    for (const error of await over) {
      expect(error).toMatchObject({
        code: "INVALID_PARAMS",
        // Whichever limit is met first.
        message: expect.stringMatching(
          /^slow\.docx cannot be read: reading it takes (longer than 2 seconds|too much memory)$/,
        ),
      });
    }
  });

  test.for([
    ["a part that unpacks to too much", docx(Buffer.alloc(20 * 2 ** 20, 32)), "it unpacks to too much"],
    ["entities that multiply", docx(wordBody("&b;", '<!DOCTYPE w [<!ENTITY b "&a;&a;">]>')), "it is damaged"],
    ["elements below elements", docx(wordBody("<w:p>".repeat(50_000))), "it is damaged"],
    ["no end", Buffer.from("PK, see https://example.com"), "it is damaged"],
  ] as const)("a Word document with %s is refused in our own words", async ([, content, reason]) => {
    await expect(reader.read([file("bomb.docx", content)], "ann")).rejects.toMatchObject({
      code: "INVALID_PARAMS",
      message: `bomb.docx cannot be read: ${reason}`,
    });
  });

  test("a page that is all open tags", async () => {
    const page = "<p>Seen</p><!-- not <b>this</b> -->".concat("<script <!-- ".repeat(200_000));
    expect(await textOf(file("page.html", page))).toContain("Seen");
  });
});

test("the session keeps names and the beginning, the model reads it all", async () => {
  const read = await reader.read(
    [file("long.txt", "word ".repeat(10_000)), file("tree.png", Buffer.from("89504e470d0a1a0a", "hex"))],
    "ann",
  );
  const stored = storedMessage("What is this?", read);
  expect(stored.length).toBeLessThan(21_000);
  expect(stored).toContain("[Attached file: long.txt, its beginning]");
  expect(stored).toContain("[Attached image: tree.png]");
  const [text, image] = modelMessage("What is this?", read);
  expect(text).toMatchObject({ type: "text", text: expect.stringContaining("word ".repeat(10_000)) });
  expect(image).toMatchObject({ type: "image", mediaType: "image/png" });
});
