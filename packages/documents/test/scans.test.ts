import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { markdownOf, type Perceived, type Perception } from "../src/index.ts";
import { scannedPdf, zipOf } from "./made.ts";
import { createReading } from "./read.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex");

/** A reader whose pictures and recordings somebody understands who says what was shown. */
const createUnderstood = (understand: (shown: Perception) => Perceived) => {
  const shown: Perception[] = [];
  const tell = async (perception: Perception) => {
    shown.push(perception);
    return understand(perception);
  };
  return { shown, ...createReading({}, { pictures: tell, recordings: tell }) };
};

const seeing = createUnderstood(({ name }) => ({ text: `# Seen\n\nThe text of ${name}` }));
const blind = createReading();
const away = createUnderstood(() => ({ failure: { code: "unavailable", reason: "nobody is there" } }));

test("a page that is a picture is drawn and understood, where it stands among the others", async () => {
  const pages = [
    { text: "Printed" },
    { dots: Buffer.from("ffffffffffffff00", "hex") },
    { text: "Again" },
    { text: "" },
  ];
  const document = await seeing.documentOf("a.pdf", scannedPdf(pages));
  expect(markdownOf(document)).toBe(
    "[Page 1]\n\nPrinted\n\n[Page 2]\n\n# Seen\n\nThe text of a.pdf, page 2\n\n[Page 3]\n\nAgain",
  );
  expect(document.unread).toEqual([]);
  const [picture] = seeing.shown;
  const bytes = Buffer.from(picture?.bytes ?? []);
  expect(bytes.subarray(0, 8)).toEqual(png);
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  expect([width, height]).toEqual([800, 800]);
  const pixels = inflateSync(bytes.subarray(bytes.indexOf("IDAT") + 4, bytes.indexOf("IEND") - 8));
  const shadeAt = (x: number, y: number) => pixels[y * (width + 1) + 1 + x];
  expect([shadeAt(400, 100), shadeAt(400, 750)]).toEqual([255, 0]);
});

test("where nobody understands pictures, the document says so, or which of its pages", async () => {
  const reason = expect.stringMatching(/^it is a picture of text: .*vision.*tesseract\.js/);
  expect(await blind.read("a.pdf", scannedPdf([{}, {}]))).toEqual({ failure: { code: "scanned", reason } });
  expect(await blind.read("a.png", png)).toEqual({ failure: { code: "scanned", reason } });
  const pages = [{}, { text: "Printed" }, {}, {}];
  const { unread, blocks } = await blind.documentOf("a.pdf", scannedPdf(pages));
  expect(unread).toEqual([{ part: "pages 1, 3–4", code: "scanned", reason }]);
  expect(blocks).toMatchObject([{ text: "Printed", page: 2 }]);
});

test("when the one who understands is away, nobody is asked again for the same document", async () => {
  const { unread } = await away.documentOf("a.pdf", scannedPdf([{ text: "Printed" }, {}, {}]));
  expect(unread).toEqual([{ part: "pages 2–3", code: "unavailable", reason: "nobody is there" }]);
  expect(away.shown).toHaveLength(1);
});

test("no more pictures of a document are understood than its limits allow", async () => {
  const { unread, blocks } = await seeing.documentOf("a.pdf", scannedPdf(Array(8).fill({})));
  expect(blocks.filter(({ kind }) => kind === "heading")).toHaveLength(5);
  expect(unread).toEqual([
    { part: "pages 6–8", code: "too_large", reason: "it has more than 5 pictures of text" },
  ]);
});

test("pictures and recordings of an archive are understood by their names", async () => {
  const archive = await zipOf({ "b/plan.png": png, "a/talk.mp3": "ID3", "c/photo.jpg": "no picture" });
  const before = seeing.shown.length;
  const { unread, blocks } = await seeing.documentOf("a.zip", archive);
  expect(seeing.shown.slice(before)).toMatchObject([
    { kind: "recording", name: "talk.mp3", mediaType: "audio/mpeg" },
    { kind: "picture", name: "plan.png", mediaType: "image/png" },
  ]);
  expect(new Set(blocks.map(({ part }) => part))).toEqual(new Set(["a/talk.mp3", "b/plan.png"]));
  expect(unread).toEqual([{ part: "c/photo.jpg", code: "broken", reason: "it is no picture" }]);
});

const hurried = createReading({ milliseconds: 1_000 }, { pictures: async () => ({ text: "Seen" }) });

test("a page whose picture is far larger than it looks is refused, and the next document is read", async () => {
  const side = 32_000;
  const pages = [{ dots: Buffer.alloc((side / 8) * side, 0xff), side }];
  // Whichever limit is met first.
  expect(await hurried.read("a.pdf", scannedPdf(pages))).toEqual({
    failure: {
      code: expect.stringMatching(/^too_(slow|large)$/),
      reason: expect.stringMatching(/^reading it takes (longer than 1 seconds|too much memory)$/),
    },
  });
  expect(markdownOf(await hurried.documentOf("a.md", "# Still\n\nhere"))).toBe("# Still\n\nhere");
});
