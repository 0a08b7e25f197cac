/**
 * Makes the table of packages/near-words: `npm run generate:near-words`, after
 * `npm ci --prefix eval/retrieval/word-vectors` (300 MB).
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { makeTable } from "./table.ts";

const file = path.join(import.meta.dirname, "../../../packages/near-words/english.bin");

const { words, near } = makeTable({ most: 20, least: 0.5 });

// As packages/runtime/src/knowledge/near-words.ts reads it.
const text = Buffer.from(words.join("\n"));
const all = near.flat();
const starts = new Uint32Array(near.length + 1);
for (const [place, list] of near.entries()) starts[place + 1] = (starts[place] ?? 0) + list.length;
writeFileSync(
  file,
  Buffer.concat([
    new Uint8Array(Uint32Array.of(words.length, text.length, all.length).buffer),
    new Uint8Array(starts.buffer),
    new Uint8Array(Uint16Array.from(all, ({ word }) => word).buffer),
    Uint8Array.from(all, ({ likeness }) => Math.round(likeness * 255)),
    text,
  ]),
);
process.stdout.write(`${words.length} words, ${all.length} near ones\n`);
