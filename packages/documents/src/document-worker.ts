/**
 * Reads documents in a thread of its own. A hostile file may use up the memory and time of this thread, which the main
 * thread limits.
 */
import { readFile } from "node:fs/promises";
import { getHeapStatistics } from "node:v8";
import { parentPort } from "node:worker_threads";
import type { Document, Failure, ReadingLimits } from "./base/document.ts";
import { createOutput, Enough, type Output } from "./base/output.ts";
import type { Reader } from "./base/reader.ts";
import { failureOf, passwordProtected, Unreadable } from "./base/unreadable.ts";
import { type Format, formatLabel, signatureOf } from "./formats.ts";

export interface DocumentTask {
  /** The file: its content, or where it is. */
  file: Uint8Array | string;
  name: string;
  format: Format;
  limits: ReadingLimits;
}

export type Reading = { document: Document } | { failure: Failure };

/** What the thread says: that it begins, since it has all it needs, and then what it has read. */
export type WorkerMessage =
  | "begun"
  | { reading: Reading /** Bytes that the thread still holds. */; held: number };

const loaders: Readonly<Record<Format, () => Promise<Reader>>> = {
  text: async () => (await import("./readers/text.ts")).readText,
  markdown: async () => (await import("./readers/markdown.ts")).readMarkdown,
  csv: async () => (await import("./readers/csv.ts")).readCsv,
  tsv: async () => (await import("./readers/csv.ts")).readTsv,
  json: async () => (await import("./readers/text.ts")).readText,
  xml: async () => (await import("./readers/text.ts")).readText,
  html: async () => (await import("./readers/html.ts")).readHtml,
  pdf: async () => (await import("./readers/pdf.ts")).readPdf,
  docx: async () => (await import("./readers/word.ts")).readDocx,
  pptx: async () => (await import("./readers/slides.ts")).readPptx,
  xlsx: async () => (await import("./readers/sheets.ts")).readWorkbook,
  xls: async () => (await import("./readers/sheets.ts")).readWorkbook,
};

const say = (message: WorkerMessage): void => parentPort?.postMessage(message);

const bytesOf = async (file: DocumentTask["file"]): Promise<Buffer> =>
  typeof file === "string"
    ? readFile(file).catch(({ code }: NodeJS.ErrnoException) => {
        throw new Unreadable("broken", `it cannot be opened (${code})`);
      })
    : Buffer.from(file.buffer, file.byteOffset, file.byteLength);

const readWith = async (
  reader: Reader,
  { file, name, format }: DocumentTask,
  output: Output,
): Promise<void> => {
  const bytes = await bytesOf(file);
  const signature = signatureOf(format, bytes);
  if (signature === "encrypted") throw passwordProtected();
  if (signature === "wrong") throw new Unreadable("broken", `it is no ${formatLabel(format)}`);
  await reader({ bytes, name }, output);
};

const read = async (task: DocumentTask): Promise<Reading> => {
  const reader = await loaders[task.format]();
  say("begun");
  const { output, document } = createOutput(task.limits);
  try {
    await readWith(reader, task, output);
  } catch (error) {
    if (!(error instanceof Enough)) return { failure: failureOf(error) };
  }
  return { document: document() };
};

parentPort?.on("message", async (task: DocumentTask) => {
  const reading = await read(task);
  const { used_heap_size, external_memory } = getHeapStatistics();
  say({ reading, held: used_heap_size + external_memory });
});
