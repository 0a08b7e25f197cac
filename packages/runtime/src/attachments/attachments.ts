import {
  createDocumentReader,
  decodeDocument,
  type Failure,
  type Format,
  formatLabel,
  isTextFormat,
  markdownOf,
  type ReadingLimits,
  type Understanding,
} from "@muxi/documents";
import { ApiError, type Attachment } from "@muxi/protocol";
import type { ContentPart } from "../models/index.ts";
import { onOneLine, quoted } from "../text/index.ts";
import { type FileType, largestImage, looksLike, readableExtensions, typeOf } from "./kinds.ts";
import { createReadingTurns } from "./reading-turns.ts";

/** The contents of a message's files, as plain data that can be stored with a background request. */
export interface Attachments {
  documents: { filename: string; text: string }[];
  images: { filename: string; mediaType: string; data: string }[];
}

export interface AttachmentReader {
  /**
   * Reads the files of a user's message.
   *
   * @param signal Ends the wait for the turn of a document.
   * @throws ApiError `INVALID_PARAMS` (not Base64, damaged, not of the type that it claims), `PAYLOAD_TOO_LARGE`,
   * `UNSUPPORTED_MEDIA_TYPE`, `SERVICE_UNAVAILABLE` (a model does not answer), `RATE_LIMITED`, `SYSTEM_OVERLOAD`; the
   * signal's reason
   */
  read(files: readonly Attachment[], userId: string, signal?: AbortSignal): Promise<Attachments>;
  /** Ends the processes that read documents. */
  close(): void;
}

const mostFiles = 10;
/** Most characters of one document, and of all documents of a message, that a model reads. */
const longestDocument = 200_000;
const longestDocuments = 400_000;
const megabyte = 2 ** 20;
/**
 * Largest file, in bytes (docs/spec/formation-api.md "Attachments"); a page of HTML becomes many times as large.
 * `input_limits` may set lower limits.
 */
const largestDocument = 20 * megabyte;
const largestPage = 5 * megabyte;

/** What reading a document may take that has to be unpacked or taken apart. */
const limits: ReadingLimits = {
  milliseconds: 2_000,
  memory: 384 * megabyte,
  unpacked: 64 * megabyte,
  pages: 500,
  characters: longestDocument,
  perceptions: 10,
};

const largestOf = (type: FileType): number => {
  if (type.kind === "image") return largestImage;
  return type.format === "html" ? largestPage : largestDocument;
};

/** Bytes that a text of Base64 stands for. What is no Base64 comes to fewer: the decoder leaves it out, or ends there. */
const lengthOf = (content: string): number => {
  const padding = content.endsWith("==") ? 2 : Number(content.endsWith("="));
  return Math.floor(((content.length - padding) * 3) / 4);
};

const tooLarge = (filename: string, limit: number) => {
  const size = limit < megabyte ? `${limit} bytes` : `${(limit / megabyte).toFixed(1).replace(".0", "")} MB`;
  return new ApiError(
    "PAYLOAD_TOO_LARGE",
    `${filename} is larger than ${size}, the limit for files of its kind`,
  );
};

/**
 * Decodes the content of a file.
 *
 * @param limit Most bytes.
 * @throws ApiError `INVALID_PARAMS`, `PAYLOAD_TOO_LARGE`
 */
export const decodeFile = ({ filename, content }: Attachment, limit: number): Buffer => {
  // Two of the last three bytes may be padding.
  if (content.length * 0.75 > limit + 2) throw tooLarge(filename, limit);
  const bytes = Buffer.from(content, "base64");
  if (content === "" || content.length % 4 === 1 || bytes.length !== lengthOf(content)) {
    throw new ApiError(
      "INVALID_PARAMS",
      `The content of ${filename} is ${content === "" ? "empty" : "not Base64"}`,
    );
  }
  if (bytes.length > limit) throw tooLarge(filename, limit);
  return bytes;
};

/** The beginning of a text. A character has at most four bytes: more of them are not looked at. */
const beginningOf = async (bytes: Buffer): Promise<string> => {
  let end = Math.min(bytes.length, longestDocument * 4);
  // Not in the middle of a character of UTF-8.
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return (await decodeDocument(bytes.subarray(0, end))).slice(0, longestDocument);
};

type TextResult = { text: string } | Failure;

export const createAttachmentReader = (deps: {
  /** Most bytes of a file (`input_limits.max_file_size_bytes`). */
  largestFile: number;
  /** Who understands scanned pages and recordings, and pictures where no model sees them. */
  understanding: Understanding;
}): AttachmentReader => {
  const inTurn = createReadingTurns();
  const { understanding } = deps;
  const reader = createDocumentReader(limits, understanding);
  /** Where letters are recognised, a picture becomes its text; else it goes to the model as it is. */
  const readsPictures = typeof understanding.pictures === "object";

  const readDocument = async (name: string, format: Format, file: Buffer): Promise<TextResult> => {
    const reading = await reader.read({ file, name, format });
    return "failure" in reading
      ? reading.failure
      : { text: markdownOf(reading.document).slice(0, longestDocument) };
  };

  const readOne = async (
    file: Attachment,
    userId: string,
    signal: AbortSignal | undefined,
  ): Promise<Attachments> => {
    const { filename, content_type } = file;
    const type = typeOf(filename, content_type);
    if (!type) {
      throw new ApiError(
        "UNSUPPORTED_MEDIA_TYPE",
        `${filename} has a type that cannot be attached (${content_type}): send ${readableExtensions}`,
      );
    }
    const bytes = decodeFile(file, Math.min(largestOf(type), deps.largestFile));
    if (!looksLike(type, bytes)) {
      const claimed = type.kind === "image" ? type.mediaType : formatLabel(type.format);
      throw new ApiError("INVALID_PARAMS", `${filename} is not of the type that it claims: ${claimed}`);
    }
    if (type.kind === "image" && !readsPictures) {
      const { mediaType } = type;
      return { documents: [], images: [{ filename, mediaType, data: bytes.toString("base64") }] };
    }
    const format = type.kind === "image" ? "picture" : type.format;
    const result = isTextFormat(format)
      ? { text: await beginningOf(bytes) }
      : await inTurn(userId, signal, () => readDocument(filename, format, bytes));
    if ("reason" in result) {
      const code = result.code === "unavailable" ? "SERVICE_UNAVAILABLE" : "INVALID_PARAMS";
      throw new ApiError(code, `${filename} cannot be read: ${result.reason}`);
    }
    return { documents: [{ filename, text: result.text }], images: [] };
  };

  return {
    async read(files, userId, signal) {
      if (files.length > mostFiles) {
        throw new ApiError(
          "INVALID_PARAMS",
          `files: ${files.length} files are too many, a message may have ${mostFiles}`,
        );
      }
      const all: Attachments = { documents: [], images: [] };
      let left = longestDocuments;
      for (const file of files) {
        const { documents, images } = await readOne(file, userId, signal);
        all.images.push(...images);
        for (const { filename, text } of documents) {
          all.documents.push({ filename, text: text.slice(0, left) });
          left -= Math.min(text.length, left);
        }
      }
      return all;
    },
    close: reader.close,
  };
};

/** Most characters of a message's documents that its session keeps. */
const longestStored = 20_000;

const described = (message: string, { documents, images }: Attachments, longest: number): string => {
  const each = Math.floor(longest / Math.max(documents.length, 1));
  return [
    message,
    ...images.map(({ filename }) => `[Attached image: ${onOneLine(filename)}]`),
    ...documents.map(({ filename, text }) => {
      const part = text.length > each ? ", its beginning" : "";
      return `[Attached file: ${onOneLine(filename)}${part}]\n${quoted(text.slice(0, each))}`;
    }),
  ].join("\n\n");
};

/** A message with files as its session keeps it: with their names, and the text of documents up to a limit. */
export const storedMessage = (message: string, attachments: Attachments): string =>
  described(message, attachments, longestStored);

/** What the user wrote, of a message as its session keeps it: what stands in files was written by others. */
export const writtenByUser = (stored: string): string =>
  stored.split(/\n\n\[Attached (?:image|file): /, 1)[0] ?? "";

/** A message with the texts of its documents. */
export const withDocuments = (message: string, attachments: Attachments): string =>
  described(message, attachments, longestDocuments);

/** A message with files as the model gets it. */
export const modelMessage = (message: string, attachments: Attachments): string | ContentPart[] => {
  const text = withDocuments(message, attachments);
  if (attachments.images.length === 0) return text;
  return [
    { type: "text", text },
    ...attachments.images.map(({ mediaType, data }) => ({ type: "image" as const, mediaType, data })),
  ];
};
