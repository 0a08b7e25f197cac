// Has letters recognised by tesseract.js itself, which it installs beside this file (66 MB):
//   npm run test:ocr -w @muxi/documents
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createDocumentReader, markdownOf } from "@muxi/documents";
import { openScans } from "../../src/readers/scans.ts";

const here = import.meta.dirname;
const packages = path.join(here, "node_modules");
if (!existsSync(packages)) {
  execFileSync("npm", ["ci", "--prefix", here, "--ignore-scripts"], { stdio: "inherit" });
}

const megabyte = 2 ** 20;
const limits = {
  milliseconds: 2_000,
  memory: 384 * megabyte,
  unpacked: 64 * megabyte,
  pages: 10,
  characters: 100_000,
  perceptions: 10,
};

const scans = await openScans(await readFile(path.join(here, "../fixtures/guide.pdf")));
const picture = await scans.draw(1);
scans.close();

for (const net of ["4.0.0_best_int", "4.0.0"]) {
  const eng = path.join(packages, "@tesseract.js-data/eng", net, "eng.traineddata.gz");
  const engine = path.join(packages, "tesseract.js/src/index.js");
  const reader = createDocumentReader(limits, { pictures: { engine, languages: { eng } } });
  const begun = performance.now();
  const reading = await reader.read({ file: picture, name: "guide.png", format: "picture" });
  reader.close();
  assert("document" in reading, JSON.stringify(reading));
  const text = markdownOf(reading.document);
  assert.match(text, /Orchard handbook/);
  assert.match(text, /The cellar key hangs behind the door\./);
  console.log(`${net}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
