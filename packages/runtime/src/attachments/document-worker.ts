/**
 * Reads one document in a thread of its own. A hostile file may use up the memory and time of this thread, which the
 * main thread limits.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Unreadable } from "./unreadable.ts";
import { checkZip } from "./zip.ts";

export interface DocumentTask {
  kind: "html" | "pdf" | "docx";
  bytes: Uint8Array;
  /** Most characters of text. */
  longest: number;
}

export type DocumentResult = { text: string } | { error: string };

/** What the thread says: that it begins, since it has all it needs, and then what it has read. */
export type WorkerMessage = "begun" | DocumentResult;

const mostPages = 500;

type Read = (task: DocumentTask) => string | Promise<string>;

const loadPdfReader = async (): Promise<Read> => {
  const { getDocumentProxy, getResolvedPDFJS } = await import("unpdf");
  // Else it would be loaded with the document.
  await getResolvedPDFJS();
  return async ({ bytes, longest }) => {
    const options = { isEvalSupported: false, stopAtErrors: false };
    const document = await getDocumentProxy(bytes, options).catch((error: unknown) => {
      const isProtected = error instanceof Error && error.name === "PasswordException";
      throw isProtected ? new Unreadable("it is protected by a password") : error;
    });
    const pages: string[] = [];
    let length = 0;
    for (let number = 1; number <= Math.min(document.numPages, mostPages) && length < longest; number++) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      const text = items
        .map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : ""))
        .join("")
        .trim();
      pages.push(text);
      length += text.length;
      page.cleanup();
    }
    return pages.join("\n\n");
  };
};

const loadDocxReader = async (): Promise<Read> => {
  const { default: mammoth } = await import("mammoth");
  return async ({ bytes }) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await checkZip(buffer);
    const { value } = await mammoth.extractRawText({ buffer });
    return value.replace(/\n{3,}/g, "\n\n").trim();
  };
};

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  nbsp: " ",
  apos: "'",
};

const unread = new Set(["script", "style", "head", "svg"]);
const blocks = new Set([
  "p",
  "div",
  "li",
  "tr",
  "br",
  "section",
  "article",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
]);

/** The visible text of a page: enough for a model, not a rendering. Takes linear time, whatever the page contains. */
const readHtml = ({ bytes }: DocumentTask): string => {
  const [start = "", ...pieces] = new TextDecoder().decode(bytes).split("<");
  const texts = [start];
  let inside: string | undefined;
  for (const piece of pieces) {
    const [, slash, written] = /^(\/?)([a-z][a-z0-9]*)/i.exec(piece) ?? [];
    const name = written?.toLowerCase() ?? "";
    if (inside !== undefined && (slash !== "/" || name !== inside)) continue;
    inside = slash === "" && unread.has(name) ? name : undefined;
    if (inside !== undefined) continue;
    const end = piece.startsWith("!--") ? piece.indexOf("-->") + 2 : piece.indexOf(">");
    texts.push(blocks.has(name) ? "\n" : " ", end < 2 && name === "" ? "" : piece.slice(end + 1));
  }
  return texts
    .join("")
    .replace(/&(amp|lt|gt|quot|nbsp|apos);/g, (_, name: string) => entities[name] ?? " ")
    .replace(/&#(\d{1,7});/g, (whole, code: string) =>
      Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : whole,
    )
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n\s*/g, "\n")
    .trim();
};

const loaders: Readonly<Record<DocumentTask["kind"], () => Read | Promise<Read>>> = {
  pdf: loadPdfReader,
  docx: loadDocxReader,
  html: () => readHtml,
};

const say = (message: WorkerMessage): void => parentPort?.postMessage(message);

const read = async (task: DocumentTask): Promise<DocumentResult> => {
  const reader = await loaders[task.kind]();
  say("begun");
  try {
    return { text: (await reader(task)).slice(0, task.longest) };
  } catch (error) {
    // What libraries say is for those who use them, and may hold parts of the file.
    return { error: error instanceof Unreadable ? error.message : "it is damaged" };
  }
};

say(await read(workerData));
process.exit();
