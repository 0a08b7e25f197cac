/** Reads documents in a thread of its own, whose time and memory `document-process.ts` limits. */
import { readFile, stat } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import type { Document, Failure, ReadingLimits } from "./base/document.ts";
import { createOutput, Enough } from "./base/output.ts";
import type { PartReader, Reader } from "./base/reader.ts";
import type { Perceive, Perceived, Perception, Senses } from "./base/senses.ts";
import { failureOf, passwordProtected, Unreadable } from "./base/unreadable.ts";
import { type Format, formatInside, formatLabel, formatOf, signatureOf } from "./formats.ts";
import { openOcr, type RecogniseText } from "./ocr.ts";
import { type DocumentPassage, type PassageSettings, passagesOf } from "./passages/passages.ts";

export interface DocumentTask {
  /** The file: its content, or where it is. */
  file: Uint8Array | string;
  name: string;
  format: Format;
  limits: ReadingLimits;
  senses: Senses;
  /** How it is cut into passages. Absent where the whole document is wanted. */
  passages?: PassageSettings;
}

export type Reading = { document: Document } | { failure: Failure };

/**
 * What the thread says: that it begins, since it has all it needs; what somebody else has to understand; that it looks at a
 * picture by itself, which takes long; some passages; and in the end what it has read, which is without blocks when its
 * passages were wanted.
 */
export type WorkerMessage =
  | "begun"
  | "perceives"
  | { asks: Perception }
  | { part: DocumentPassage[] }
  | Reading;

/** What the thread is told: which document to read, what it has asked for, and to go on after some passages. */
export type ToWorker = { task: DocumentTask } | { perceived: Perceived } | "more";

const loaders: Readonly<Record<Format, () => Promise<Reader>>> = {
  text: async () => (await import("./readers/text.ts")).readText,
  markdown: async () => (await import("./readers/markdown.ts")).readMarkdown,
  csv: async () => (await import("./readers/csv.ts")).readCsv,
  tsv: async () => (await import("./readers/csv.ts")).readTsv,
  json: async () => (await import("./readers/json.ts")).readJson,
  jsonl: async () => (await import("./readers/json.ts")).readJsonLines,
  yaml: async () => (await import("./readers/code.ts")).readCode,
  xml: async () => (await import("./readers/xml.ts")).readXml,
  rst: async () => (await import("./readers/rst.ts")).readRst,
  code: async () => (await import("./readers/code.ts")).readCode,
  html: async () => (await import("./readers/html.ts")).readHtml,
  rtf: async () => (await import("./readers/rtf.ts")).readRtf,
  pdf: async () => (await import("./readers/pdf.ts")).readPdf,
  docx: async () => (await import("./readers/word.ts")).readDocx,
  doc: async () => (await import("./readers/doc.ts")).readDoc,
  pptx: async () => (await import("./readers/slides.ts")).readPptx,
  ppt: async () => (await import("./readers/ppt.ts")).readPpt,
  xlsx: async () => (await import("./readers/sheets.ts")).readWorkbook,
  xls: async () => (await import("./readers/sheets.ts")).readWorkbook,
  odt: async () => (await import("./readers/opendocument.ts")).readOdt,
  odp: async () => (await import("./readers/opendocument.ts")).readOdp,
  ods: async () => (await import("./readers/opendocument.ts")).readOds,
  epub: async () => (await import("./readers/epub.ts")).readEpub,
  eml: async () => (await import("./readers/mail.ts")).readMail,
  zip: async () => (await import("./readers/archive.ts")).readZip,
  tar: async () => (await import("./readers/archive.ts")).readTar,
  picture: async () => (await import("./readers/picture.ts")).readPicture,
  recording: async () => (await import("./readers/picture.ts")).readRecording,
};

const say = (message: WorkerMessage): void => parentPort?.postMessage(message);

/** Says something that is answered. */
const answered = <Answer extends ToWorker>(
  message: WorkerMessage,
  isAnswer: (told: ToWorker) => told is Answer,
): Promise<Answer> =>
  new Promise((resolve) => {
    const onMessage = (told: ToWorker) => {
      if (!isAnswer(told)) return;
      parentPort?.off("message", onMessage);
      resolve(told);
    };
    parentPort?.on("message", onMessage);
    say(message);
  });

const asked = async (perception: Perception): Promise<Perceived> => {
  const { perceived } = await answered(
    { asks: perception },
    (told) => typeof told === "object" && "perceived" in told,
  );
  return perceived;
};

const whatIsMissing: Record<Perception["kind"], string> = {
  picture:
    "it is a picture of text: name a model for vision in llm.models, or install tesseract.js and @tesseract.js-data/eng in the formation",
  recording: "it is a recording: name a model for audio in llm.models",
};

let recognition: Promise<RecogniseText> | undefined;

/** Has pictures and recordings understood, as many as the limits allow. */
const perceiverFor = ({ senses, limits }: DocumentTask): Perceive => {
  let count = 0;
  return async (perception) => {
    const sense = perception.kind === "picture" ? senses.pictures : senses.recordings;
    if (sense === undefined) throw new Unreadable("scanned", whatIsMissing[perception.kind]);
    count += 1;
    if (count > limits.perceptions) {
      throw new Unreadable("too_large", `it has more than ${limits.perceptions} pictures of text`);
    }
    if (sense === "asked") {
      const perceived = await asked(perception);
      if ("failure" in perceived) throw new Unreadable(perceived.failure.code, perceived.failure.reason);
      return perceived.text;
    }
    say("perceives");
    recognition ??= openOcr(sense).catch((error: unknown) => {
      recognition = undefined;
      throw error;
    });
    return (await recognition)(perception.bytes);
  };
};

/** The share of the memory of a reading that a file itself may take: what is made of it takes more. */
const largestFile = 1 / 2;

const notOpened = ({ code }: NodeJS.ErrnoException): never => {
  throw new Unreadable("broken", `it cannot be opened (${code})`);
};

const bytesOf = async ({ file, limits }: DocumentTask): Promise<Buffer> => {
  if (typeof file !== "string") return Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const { size } = await stat(file).catch(notOpened);
  if (size > limits.memory * largestFile) throw new Unreadable("too_large", "it is larger than what is read");
  return readFile(file).catch(notOpened);
};

/** Archives in archives, and mails in mails, that are still read. */
const deepestPart = 3;

const checked = (bytes: Buffer, format: Format): void => {
  const signature = signatureOf(format, bytes);
  if (signature === "encrypted") throw passwordProtected();
  if (signature === "wrong") {
    throw new Unreadable("broken", `it is no ${format === "picture" ? format : formatLabel(format)}`);
  }
};

/** What reads files inside a file: what is wrong with one keeps no other from being read. */
const partReader =
  (perceive: Perceive, outer: string, depth: number): PartReader =>
  async ({ name, bytes, mediaType }, output) => {
    const part = outer === "" ? name : `${outer}/${name}`;
    try {
      const format = formatOf(name) ?? formatOf("", mediaType);
      if (!format) throw new Unreadable("unsupported", "its type is not read");
      if (depth > deepestPart) throw new Unreadable("unsupported", "it is in too many others");
      checked(bytes, format);
      const reader = await loaders[formatInside(format, bytes)]();
      await reader({ name, bytes }, output.at({ part }), partReader(perceive, part, depth + 1), perceive);
    } catch (error) {
      if (error instanceof Enough) throw error;
      output.unread({ part, ...failureOf(error) });
    }
  };

/** Characters of the passages that are handed over together: as many are taken in a millisecond. */
const charactersAtOnce = 50_000;

/** Hands a document over in passages, a few at a time: whoever takes them does other things meanwhile. */
const handOver = async (document: Document, settings: PassageSettings): Promise<Reading> => {
  let part: DocumentPassage[] = [];
  let characters = 0;
  const say = () => answered({ part }, (told) => told === "more");
  for (const passage of passagesOf(document, settings)) {
    part.push(passage);
    characters += passage.text.length;
    if (characters < charactersAtOnce) continue;
    await say();
    part = [];
    characters = 0;
  }
  if (part.length > 0) await say();
  return { document: { ...document, blocks: [] } };
};

const read = async (task: DocumentTask): Promise<Reading> => {
  const { name, format, limits } = task;
  // To load what reads it is no time of the document.
  await loaders[format]();
  say("begun");
  const { output, document } = createOutput(limits);
  try {
    const bytes = await bytesOf(task);
    checked(bytes, format);
    const reader = await loaders[formatInside(format, bytes)]();
    const perceive = perceiverFor(task);
    await reader({ bytes, name }, output, partReader(perceive, "", 1), perceive);
  } catch (error) {
    if (!(error instanceof Enough)) return { failure: failureOf(error) };
  }
  return task.passages ? handOver(document(), task.passages) : { document: document() };
};

parentPort?.on("message", async (message: ToWorker) => {
  if (typeof message === "object" && "task" in message) say(await read(message.task));
});
