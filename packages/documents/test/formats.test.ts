import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Block, type Format, formatOf, markdownOf, type Perception } from "../src/index.ts";
import { epubOf, mailOf, pdfWithoutFont, tarOf, zipOf } from "./made.ts";
import { createReading, fixture } from "./read.ts";

const understand = async ({ name }: Perception) => ({ text: `# Said\n\nBy ${name}.` });
const { documentOf } = createReading({}, { pictures: understand, recordings: understand });

const guide = `# Orchard handbook

Written for the people who keep the trees. Ask before you prune a young tree.

## Varieties

The Russet keeps until December1; the 大学 apple keeps until spring.

- Dessert
  - Cox
  - Russet
- Cooking
  1. Bramley
  2. Grenadier

## Prices

| Variety | Price | Week |
| --- | --- | --- |
| Cox | 2.50 | 38 |
| Russet | 3.10 | 40 |

### Discounts

From ten kilograms on, a tenth less. The cellar key hangs behind the door.`;

const stock = `[Sheet: Stock]

| Variety | Crates | Counted |
| --- | --- | --- |
| Cox | 12 | 2026-09-18 |
| Russet | 7 | 2026-10-02 |

[Sheet: Cellar]

| Place | Holds |
| --- | --- |
| Shelf 大学 | 42 |`;

const talk = `[Slide 1]

# The harvest

- Early kinds
  - Discovery in week 33
- Late kinds

Say that the ladder is new.

[Slide 2]

# Storage

| Room | Degrees |
| --- | --- |
| Cellar | 4 |`;

/** As LibreOffice keeps it, with a footnote that was added, and without the numbers of the inner list. */
const guideOfOffice = `${guide}\n\n1. Weighed in the autumn of 2025.`
  .replace("until spring.", "until spring.[1]")
  .replace("1. Bramley", "- Bramley")
  .replace("2. Grenadier", "- Grenadier");

/** In documents of the older Word, headings and items are paragraphs. */
const guideOfOldWord = guideOfOffice
  .replace(/^#+ /gm, "")
  .replace(/^ *- (.*)\n?/gm, "$1\n\n")
  .replace(/\n{3,}/g, "\n\n")
  .replace("[1]", "")
  .replace("1. W", "W");

/** In a PDF, letters in larger type are headings, lists are flat, and tables are lines. */
const guideOfPdf = `[Page 1]\n\n${guideOfOffice}`
  .replace(/- Dessert[\s\S]*Grenadier/, "- Dessert\n- Cox\n- Russet\n- Cooking\n- Bramley\n- Grenadier")
  .replace(/\| Variety[\s\S]*40 \|/, "Variety Price Week\nCox 2.50 38\nRusset 3.10 40")
  .replace("spring.[1]", "spring.1")
  .replace("1. Weighed", "1 Weighed")
  // Its font has no such letter.
  .replace("大学", "大大");

/** What an archive holds, and what systems have left in it. */
const packed = {
  "notes/b.md": "# Elms\n\nYoung.",
  "a.txt": "Old oaks.",
  "__MACOSX/._a.txt": "Mac OS X",
  ".DS_Store": "Bud1",
};
const unpacked = "[a.txt]\n\nOld oaks.\n\n[notes/b.md]\n\n# Elms\n\nYoung.";

interface Example {
  name: string;
  /** Absent for a fixture: LibreOffice has made it of `guide.html`, `stock.fods` or `talk.fodp`. */
  content?: string | Buffer;
  markdown: string;
}

const examples: Readonly<Record<Format, readonly Example[]>> = {
  text: [
    { name: "a.txt", content: "One\nline.\n\nAnother.", markdown: "One\nline.\n\nAnother." },
    { name: "a.log", content: "\ufeffOne\r\n\r\n\r\nTwo\r\n", markdown: "One\n\nTwo" },
  ],
  markdown: [
    {
      name: "a.md",
      content:
        "---\ntitle: Trees\n---\n# Oaks\nOld *trees*.\n\n* a\n  * b\n\n```sh\nls\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n",
      markdown:
        "# Oaks\n\nOld *trees*.\n\n* a\n  * b\n\n```sh\nls\n```\n\n| A | B |\n| --- | --- |\n| 1 | 2 |",
    },
  ],
  csv: [
    {
      name: "a.csv",
      content: 'name;note\nOak;"old; and\ntall"\n\nElm;young\n',
      markdown: "| name | note |\n| --- | --- |\n| Oak | old; and tall |\n| Elm | young |",
    },
  ],
  tsv: [{ name: "a.tsv", content: "a\tb\n1,5\t2\n", markdown: "| a | b |\n| --- | --- |\n| 1,5 | 2 |" }],
  json: [
    {
      name: "records.json",
      content: '[{"name":"Oak","age":12},{"name":"Elm","tall":true}]',
      markdown: "| name | age | tall |\n| --- | --- | --- |\n| Oak | 12 |  |\n| Elm |  | true |",
    },
    {
      name: "tree.json",
      content: '{"oak":{"age":12},"elm":[1]}',
      markdown:
        '```json\n{\n  "oak": {\n    "age": 12\n  }\n}\n```\n\n```json\n{\n  "elm": [\n    1\n  ]\n}\n```',
    },
    { name: "comments.json", content: "// old\n{}", markdown: "```json\n// old\n{}\n```" },
  ],
  jsonl: [
    {
      name: "a.jsonl",
      content: '{"a":1}\n\n{"a":2,"b":"x"}\n[3]\n',
      markdown: "| a | b |\n| --- | --- |\n| 1 |  |\n| 2 | x |\n\n```json\n[\n  3\n]\n```",
    },
  ],
  yaml: [
    {
      name: "a.yml",
      content: "# Trees\noak:\n  age: 12\n\nelm:\n  - 1\n",
      markdown: "```yml\n# Trees\noak:\n  age: 12\n```\n\n```yml\nelm:\n  - 1\n```",
    },
  ],
  xml: [
    {
      name: "a.xml",
      content:
        '<?xml version="1.0"?><trees><oak id="7"><age>12</age>old &amp; tall</oak><elm/><elm>young</elm></trees>',
      markdown: "oak id: 7\noak age: 12\noak: old & tall\n\nelm: young",
    },
  ],
  rst: [
    {
      name: "a.rst",
      content:
        "=====\nTrees\n=====\n\nOaks\n----\nGrow *old*. Prune so::\n\n    cut()\n\n    water()\n\n- a\n- b\n\n.. code-block:: sh\n   :linenos:\n\n   ls\n\n.. toctree::\n   other\n\nElms\n----\nLast.\n",
      markdown:
        "# Trees\n\n## Oaks\n\nGrow *old*. Prune so:\n\n```\ncut()\n\nwater()\n```\n\n- a\n- b\n\n```sh\nls\n```\n\n## Elms\n\nLast.",
    },
  ],
  code: [
    {
      name: "a.py",
      content: "import os\n\ndef one():\n    a()\n\n    b()\n\n\ndef two():\n    pass\n",
      markdown:
        "```py\nimport os\n```\n\n```py\ndef one():\n    a()\n\n    b()\n```\n\n```py\ndef two():\n    pass\n```",
    },
  ],
  html: [{ name: "guide.html", markdown: guide }],
  pdf: [{ name: "guide.pdf", markdown: guideOfPdf }],
  docx: [{ name: "guide.docx", markdown: guideOfOffice }],
  doc: [{ name: "guide.doc", markdown: guideOfOldWord }],
  rtf: [{ name: "guide.rtf", markdown: guideOfOffice }],
  odt: [{ name: "guide.odt", markdown: guideOfOffice }],
  pptx: [{ name: "talk.pptx", markdown: talk }],
  ppt: [
    {
      name: "talk.ppt",
      content: gunzipSync(readFileSync(fixture("talk.ppt.gz"))),
      markdown:
        "[Slide 1]\n\n# The harvest\n\nEarly kinds\nDiscovery in week 33\nLate kinds\n\nSay that the ladder is new.\n\n" +
        "[Slide 2]\n\n# Storage\n\nRoom\n\nDegrees\n\nCellar\n\n4",
    },
  ],
  odp: [{ name: "talk.odp", markdown: talk }],
  xlsx: [{ name: "stock.xlsx", markdown: stock }],
  xls: [{ name: "stock.xls", markdown: stock }],
  ods: [{ name: "stock.ods", markdown: stock }],
  epub: [
    {
      name: "a.epub",
      content: await epubOf("<h1>Spring</h1><p>Prune.</p>", "<h1>Autumn</h1><p>Pick.</p>"),
      markdown: "# Spring\n\nPrune.\n\n# Autumn\n\nPick.",
    },
  ],
  eml: [
    {
      name: "a.eml",
      content: mailOf("Dear Ann,\r\n\r\nhere is the list.\r\n", "list.csv", "a,b\n1,2\n"),
      markdown:
        "# Äpfel\n\nFrom: Jürgen <j@example.com>\nTo: Ann <ann@example.com>, shop@example.com\nDate: 2026-12-01T09:00:00.000Z\n\n" +
        "Dear Ann,\n\nhere is the list.\n\n[list.csv]\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
    },
  ],
  picture: [
    { name: "a.png", content: Buffer.from("89504e470d0a1a0a", "hex"), markdown: "# Said\n\nBy a.png." },
  ],
  recording: [{ name: "a.mp3", content: "ID3", markdown: "# Said\n\nBy a.mp3." }],
  zip: [{ name: "a.zip", content: await zipOf(packed), markdown: unpacked }],
  tar: [
    { name: "a.tgz", content: tarOf(packed), markdown: unpacked },
    { name: "a.tar.gz", content: tarOf(packed), markdown: unpacked },
    { name: "a.tar", content: gunzipSync(tarOf(packed)), markdown: unpacked },
  ],
};

test.each(
  Object.entries(examples).flatMap(([format, all]) => all.map((example) => ({ format, ...example }))),
)("$name keeps its structure", async ({ format, name, content, markdown }) => {
  expect(formatOf(name)).toBe(format);
  expect(markdownOf(await documentOf(name, content))).toBe(markdown);
});

const placesOf = (blocks: readonly Block[]) =>
  blocks.map((block) => {
    const { kind, page, slide, sheet, lines } = block;
    const text = block.kind === "table" ? block.rows[0]?.[0] : block.text.split("\n")[0];
    return { kind, text, page, slide, sheet, lines };
  });

test("blocks know their lines, pages, slides and sheets", async () => {
  const markdown = await documentOf("a.md", "# Oaks\n\nOld\ntrees.\n\n\n- a\n- b\n\n|A|\n|-|\n|1|\n");
  expect(placesOf(markdown.blocks)).toEqual([
    { kind: "heading", text: "Oaks", lines: [1, 1] },
    { kind: "paragraph", text: "Old", lines: [3, 4] },
    { kind: "list", text: "- a", lines: [7, 8] },
    { kind: "table", text: "A", lines: [10, 12] },
  ]);
  const csv = await documentOf("a.csv", 'a,b\n1,"x\ny"\n2,z\n');
  expect(csv.blocks).toMatchObject([{ rowLines: [1, 2, 4], lines: [1, 4] }]);
  const [page] = placesOf((await documentOf("guide.pdf")).blocks);
  expect(page).toMatchObject({ page: 1 });
  expect(placesOf((await documentOf("talk.pptx")).blocks).map(({ slide }) => slide)).toEqual([1, 1, 1, 2, 2]);
  const workbook = (await documentOf("stock.xlsx")).blocks;
  expect(workbook).toMatchObject([
    { sheet: "Stock", lines: [1, 3] },
    { sheet: "Cellar", rowLines: [3, 4] },
  ]);
});

test("titles come from what a document says of itself", async () => {
  expect((await documentOf("guide.html")).title).toBe("Orchard handbook");
  expect((await documentOf("guide.pdf")).title).toBe("Orchard handbook");
  expect((await documentOf("a.md", "---\ntitle: 'Old trees'\n---\nText")).title).toBe("Old trees");
});

test.each([
  ["UTF-16", Buffer.from("\ufeffGröße der Bäume", "utf16le")],
  ["Windows-1252", Buffer.from("Größe der Bäume", "latin1")],
])("a text in %s is read", async (_, bytes) => {
  expect(markdownOf(await documentOf("a.txt", bytes))).toBe("Größe der Bäume");
});

test("Japanese and Russian texts of older systems are read", async () => {
  const japanese = Buffer.from(
    "93fa967b8cea82cc95b68fcd82c582b7814282e882f182b282cd8f5c8c8e82c98efb8a6e82b582dc82b7814297e282bd82a2926e89ba8eba82c595db91b682b582c482ad82be82b382a281428cae82cd94e082cc8ce382eb82c982a082e882dc82b78142",
    "hex",
  );
  expect(markdownOf(await documentOf("a.txt", japanese))).toContain("日本語の文章です");
  const page = `<meta charset="windows-1251"><p>${Buffer.from("cff0e8e2e5f2", "hex").toString("latin1")}</p>`;
  expect(markdownOf(await documentOf("a.html", Buffer.from(page, "latin1")))).toBe("Привет");
});

test.each([
  ["90ms-RKSJ-H", "Japan1", "938c8b9e91e58a77", "東京大学"],
  ["UniJIS-UTF16-H", "Japan1", "65e5672c8a9e", "日本語"],
  ["GBK-EUC-H", "GB1", "c4e3bac3cac0bde7", "你好世界"],
  ["ETen-B5-H", "CNS1", "a4a4a4e5", "中文"],
  ["KSCms-UHC-H", "Korea1", "b4ebc7d1b9ceb1b9", "대한민국"],
])("a PDF is read whose font is named and not in the file, in %s", async (encoding, ordering, hex, text) => {
  expect(markdownOf(await documentOf("a.pdf", pdfWithoutFont(hex, encoding, ordering)))).toBe(
    `[Page 1]\n\n${text}`,
  );
});

test("of a page, what a visitor reads is left", async () => {
  const page = `<html><head><title> The shop </title></head><body>
    <header><nav><ul><li>Home</li></ul></nav></header>
    <div role="dialog">We use cookies</div><div style="display: none">hidden words</div><p hidden>more</p>
    <h1>Opening&nbsp;hours</h1><p>We open at <b>nine</b>.<br>On Sundays at ten.</p>
    <pre>  keep
    this</pre><noscript>no scripts</noscript><svg><text>drawing</text></svg>
    <table><tr><th colspan=2>Week</th></tr><tr><td>Mon</td><td>9<table><tr><td>in</td><td>ner</td></tr></table></td></tr></table>
    <aside>Advertisement</aside><footer>Imprint</footer><script>track()</script></body></html>`;
  const document = await documentOf("shop.html", page);
  expect(document.title).toBe("The shop");
  expect(markdownOf(document)).toBe(
    "# Opening hours\n\nWe open at nine.\nOn Sundays at ten.\n\n```\n  keep\n    this\n```\n\n" +
      "| Week |  |\n| --- | --- |\n| Mon | 9 in ner |",
  );
});

test("where a page marks its content, the rest is left out", async () => {
  const content = "The russet is picked in week forty. ".repeat(10).trim();
  const page = `<div>Menu</div><main><p>${content}</p></main><div>Related pages</div>`;
  expect(markdownOf(await documentOf("a.html", page))).toBe(content);
  expect(markdownOf(await documentOf("a.html", "<div>All of it</div><main></main>"))).toBe("All of it");
});

test.each([
  [
    "a page as a workbook",
    "a.xls",
    "<table><tr><th>A</th></tr><tr><td>1</td></tr></table>",
    "| A |\n| --- |\n| 1 |",
  ],
  ["Rich Text as a Word document", "a.doc", readFileSync(fixture("guide.rtf")), guideOfOffice],
  ["a newer Word document", "a.doc", readFileSync(fixture("guide.docx")), guideOfOffice],
  ["a newer workbook", "a.xls", readFileSync(fixture("stock.xlsx")), stock],
])("%s under the name of an older format is read as what it is", async (_, name, content, markdown) => {
  expect(markdownOf(await documentOf(name, content))).toBe(markdown);
});

test.each([
  [
    "Cyrillic",
    String.raw`{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 A;}}\f0 \'cf\'f0\'e8\'e2\'e5\'f2\par}`,
    "Привет",
  ],
  [
    "a Japanese font",
    String.raw`{\rtf1\ansi{\fonttbl{\f1\fcharset128 M;}}A \f1 \'93\'fa\'96\'7b\par}`,
    "A 日本",
  ],
  [
    "Korean",
    String.raw`{\rtf1\ansi\ansicpg949{\fonttbl{\f0\fcharset129 B;}}\f0 \'b4\'eb\'c7\'d1\par}`,
    "대한",
  ],
  ["Unicode", String.raw`{\rtf1\ansi\uc1 \u26085?\u26412? caf\'e9\par}`, "日本 café"],
])("Rich Text in %s is read", async (_, content, text) => {
  expect(markdownOf(await documentOf("a.rtf", content))).toBe(text);
});
