import { ApiError, type Attachment } from "@muxi/protocol";
import type { ContentPart } from "../models/index.ts";
import { createDocumentReader } from "./documents.ts";
import { looksLike, readableExtensions, typeOf } from "./kinds.ts";

/** Files of a message, read: plain data, so that a request in the background can carry them. */
export interface Attachments {
  documents: { filename: string; text: string }[];
  images: { filename: string; mediaType: string; data: string }[];
}

export interface AttachmentReader {
  /**
   * Reads the files of a message.
   *
   * @throws ApiError `INVALID_PARAMS` (not Base64, damaged, not what it claims to be), `PAYLOAD_TOO_LARGE`,
   * `UNSUPPORTED_MEDIA_TYPE`, `SYSTEM_OVERLOAD`
   */
  read(files: readonly Attachment[]): Promise<Attachments>;
}

const mostFiles = 10;
/** Characters of one document, and of all documents of a message, that a model reads. */
const longestDocument = 200_000;
const longestDocuments = 400_000;
const megabyte = 2 ** 20;
/** Largest file of a kind in bytes (docs/spec/formation-api.md "Attachments"); `input_limits` may set a lower one. */
const largest = {
  text: 20 * megabyte,
  html: 5 * megabyte,
  pdf: 20 * megabyte,
  docx: 20 * megabyte,
  image: 5 * megabyte,
};

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

const tooLarge = (filename: string, limit: number) => {
  const size = limit < megabyte ? `${limit} bytes` : `${(limit / megabyte).toFixed(1).replace(".0", "")} MB`;
  return new ApiError("PAYLOAD_TOO_LARGE", `${filename} is larger than ${size}, the limit for such a file`);
};

/** The bytes of a file. @throws ApiError `INVALID_PARAMS`, `PAYLOAD_TOO_LARGE` */
export const decodeFile = ({ filename, content }: Attachment, limit: number): Buffer => {
  // Two of the last three bytes may be padding.
  if (content.length * 0.75 > limit + 2) throw tooLarge(filename, limit);
  if (content === "" || content.length % 4 === 1 || !base64.test(content)) {
    throw new ApiError(
      "INVALID_PARAMS",
      `The content of ${filename} is ${content === "" ? "empty" : "not Base64"}`,
    );
  }
  const bytes = Buffer.from(content, "base64");
  if (bytes.length > limit) throw tooLarge(filename, limit);
  return bytes;
};

const decodeText = (bytes: Buffer): string => {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(utf16 ? "utf-16le" : "utf-8").decode(bytes);
};

export const createAttachmentReader = (deps: {
  /** Bytes (`input_limits.max_file_size_bytes`). */
  largestFile: number;
}): AttachmentReader => {
  const readDocument = createDocumentReader();

  const readOne = async (file: Attachment): Promise<Attachments> => {
    const { filename, content_type } = file;
    const type = typeOf(filename, content_type);
    if (!type) {
      throw new ApiError(
        "UNSUPPORTED_MEDIA_TYPE",
        `${filename} is of a type that cannot be attached (${content_type}): send ${readableExtensions}`,
      );
    }
    const { kind, mediaType } = type;
    const bytes = decodeFile(file, Math.min(largest[kind], deps.largestFile));
    if (!looksLike(type, bytes)) {
      throw new ApiError("INVALID_PARAMS", `${filename} does not hold what it claims to be: ${mediaType}`);
    }
    if (kind === "image") {
      return { documents: [], images: [{ filename, mediaType, data: bytes.toString("base64") }] };
    }
    const result =
      kind === "text"
        ? { text: decodeText(bytes).slice(0, longestDocument) }
        : await readDocument({ kind, bytes: new Uint8Array(bytes), longest: longestDocument });
    if ("error" in result) {
      throw new ApiError("INVALID_PARAMS", `${filename} cannot be read: ${result.error}`);
    }
    return { documents: [{ filename, text: result.text }], images: [] };
  };

  return {
    async read(files) {
      if (files.length > mostFiles) {
        throw new ApiError(
          "INVALID_PARAMS",
          `files: ${files.length} files are too many; ${mostFiles} go with a message`,
        );
      }
      const all: Attachments = { documents: [], images: [] };
      let left = longestDocuments;
      for (const file of files) {
        const { documents, images } = await readOne(file);
        all.images.push(...images);
        for (const { filename, text } of documents) {
          all.documents.push({ filename, text: text.slice(0, left) });
          left -= Math.min(text.length, left);
        }
      }
      return all;
    },
  };
};

/** Characters of a message's documents that stay in its session. */
const longestStored = 20_000;

const described = (message: string, { documents, images }: Attachments, longest: number): string => {
  const each = Math.floor(longest / Math.max(documents.length, 1));
  return [
    message,
    ...images.map(({ filename }) => `[Attached image: ${filename}]`),
    ...documents.map(({ filename, text }) =>
      text.length > each
        ? `[Attached file: ${filename}, its beginning]\n${text.slice(0, each)}`
        : `[Attached file: ${filename}]\n${text}`,
    ),
  ].join("\n\n");
};

/** What the session keeps of a message with files: names, and the text of documents up to a limit. */
export const storedMessage = (message: string, attachments: Attachments): string =>
  described(message, attachments, longestStored);

/** What the model is asked. */
export const modelMessage = (message: string, attachments: Attachments): string | ContentPart[] => {
  const text = described(message, attachments, longestDocuments);
  if (attachments.images.length === 0) return text;
  return [
    { type: "text", text },
    ...attachments.images.map(({ mediaType, data }) => ({ type: "image" as const, mediaType, data })),
  ];
};
