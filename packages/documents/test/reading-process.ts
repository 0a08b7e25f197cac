// Reads a document, and says what came of it and the most memory that this process had meanwhile:
//   node --conditions=muxi-source reading-process.ts <file>
import { createDocumentReader, formatOf } from "../src/index.ts";

const [file = ""] = process.argv.slice(2);
const format = formatOf(file);
if (!format) throw new Error(`${file} has no format`);
const megabyte = 2 ** 20;
const reader = createDocumentReader({
  milliseconds: 60_000,
  memory: 384 * megabyte,
  unpacked: 1_000 * megabyte,
  pages: 100,
  characters: 1_000_000,
  perceptions: 5,
});
const reading = await reader.read({ file, name: file, format });
reader.close();
process.send?.({ reading, peak: process.resourceUsage().maxRSS / 1024 });
process.disconnect?.();
