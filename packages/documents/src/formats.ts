import { pictureTypeOf } from "./base/picture-type.ts";

/** How the beginning of a file shows its format. */
type Signature = "zip" | "compound" | "pdf" | "rtf" | "picture" | "none";

interface FormatRow {
  /** Endings of names, without the dot. The first one names the format to users. */
  extensions: readonly string[];
  mediaTypes: readonly string[];
  signature: Signature;
  /** Whether its bytes are text that a model can read as it is. */
  isText: boolean;
}

const office = (name: string): string => `application/vnd.openxmlformats-officedocument.${name}`;

const text = (extensions: string, ...mediaTypes: string[]): FormatRow => ({
  extensions: extensions.split(" "),
  mediaTypes,
  signature: "none",
  isText: true,
});

const binary = (signature: Signature, extensions: string, ...mediaTypes: string[]): FormatRow => ({
  extensions: extensions.split(" "),
  mediaTypes,
  signature,
  isText: false,
});

const odf = (name: string): string => `application/vnd.oasis.opendocument.${name}`;

/** The formats of documents that are read (docs/spec/formation-files.md "Knowledge"). */
const formats = {
  text: text("txt text log", "text/plain"),
  markdown: text("md markdown mdx", "text/markdown", "text/x-markdown"),
  csv: text("csv", "text/csv", "application/csv"),
  tsv: text("tsv tab", "text/tab-separated-values"),
  json: text("json", "application/json"),
  jsonl: text("jsonl ndjson", "application/jsonl", "application/x-ndjson"),
  yaml: text("yaml yml", "application/yaml", "text/yaml", "application/x-yaml"),
  xml: text("xml", "application/xml", "text/xml"),
  rst: text("rst", "text/x-rst", "text/prs.fallenstein.rst"),
  code: text(
    "js mjs cjs jsx ts mts cts tsx py rb go rs java kt scala c h cc cpp hpp cs swift php lua pl r sql sh bash ps1 " +
      "css scss less vue svelte graphql proto tf toml ini cfg conf properties tex",
  ),
  html: binary("none", "html htm xhtml", "text/html", "application/xhtml+xml"),
  rtf: binary("rtf", "rtf", "application/rtf", "text/rtf"),
  pdf: binary("pdf", "pdf", "application/pdf"),
  docx: binary("zip", "docx docm dotx", office("wordprocessingml.document")),
  doc: binary("compound", "doc dot", "application/msword"),
  pptx: binary("zip", "pptx pptm ppsx potx", office("presentationml.presentation")),
  ppt: binary("compound", "ppt pps pot", "application/vnd.ms-powerpoint"),
  xlsx: binary("zip", "xlsx xlsm xlsb xltx", office("spreadsheetml.sheet")),
  xls: binary("compound", "xls xlt", "application/vnd.ms-excel"),
  odt: binary("zip", "odt ott", odf("text")),
  odp: binary("zip", "odp otp", odf("presentation")),
  ods: binary("zip", "ods ots", odf("spreadsheet")),
  epub: binary("zip", "epub", "application/epub+zip"),
  eml: binary("none", "eml", "message/rfc822"),
  zip: binary("zip", "zip", "application/zip", "application/x-zip-compressed"),
  tar: binary("none", "tar tgz", "application/x-tar"),
  picture: binary(
    "picture",
    "png jpg jpeg webp gif",
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/webp",
    "image/gif",
  ),
  recording: binary(
    "none",
    "mp3 wav m4a ogg oga opus flac weba",
    "audio/mpeg",
    "audio/mp3",
    "audio/wav",
    "audio/x-wav",
    "audio/mp4",
    "audio/x-m4a",
    "audio/ogg",
    "audio/flac",
    "audio/webm",
  ),
} as const satisfies Record<string, FormatRow>;

/** A format of documents. The compiler asks for a reader of each. */
export type Format = keyof typeof formats;

const rows: Readonly<Record<Format, FormatRow>> = formats;

const isFormat = (name: string): name is Format => name in rows;

const formatNames: readonly Format[] = Object.keys(rows).filter(isFormat);

const byExtension = new Map(formatNames.flatMap((name) => rows[name].extensions.map((each) => [each, name])));
const byMediaType = new Map(formatNames.flatMap((name) => rows[name].mediaTypes.map((each) => [each, name])));

/** Endings of the documents that are read, with their dot. */
export const documentExtensions: readonly string[] = [...byExtension.keys()].map((each) => `.${each}`);

/** What to call a format in messages to users. */
export const formatLabel = (format: Format): string => rows[format].extensions[0] ?? format;

/** What to call all formats in messages to users. */
export const formatLabels: readonly string[] = formatNames.map(formatLabel);

/** The format of a file by its media type, else by its name; undefined when neither is known. */
export const formatOf = (name: string, mediaType = ""): Format | undefined => {
  const [type = ""] = mediaType.toLowerCase().split(";", 1);
  const [, extension = ""] = /\.([^./\\]+)$/.exec(name.toLowerCase().replace(/\.tar\.gz$/, ".tgz")) ?? [];
  return byMediaType.get(type.trim()) ?? byExtension.get(extension);
};

const withPictures: readonly Format[] = ["pdf", "picture", "recording", "eml", "zip", "tar"];

/** Whether a document of a format may be, or hold, what somebody else has to understand. */
export const mayNeedUnderstanding = (format: Format): boolean => withPictures.includes(format);

/** Whether the bytes of a format are text that a model can read as it is. */
export const isTextFormat = (format: Format): boolean => rows[format].isText;

const compoundMagic = Buffer.from("d0cf11e0a1b11ae1", "hex");

const signatures: Readonly<Record<Signature, (bytes: Buffer) => boolean>> = {
  none: () => true,
  zip: (bytes) => bytes.toString("latin1", 0, 2) === "PK",
  compound: (bytes) => bytes.subarray(0, compoundMagic.length).equals(compoundMagic),
  // PDF readers accept the signature anywhere in the first kilobyte.
  pdf: (bytes) => bytes.subarray(0, 1024).includes("%PDF-"),
  rtf: (bytes) => bytes.toString("latin1", 0, 5) === "{\\rtf",
  picture: (bytes) => pictureTypeOf(bytes) !== undefined,
};

const successors: Partial<Record<Format, Format>> = { doc: "docx", xls: "xlsx", ppt: "pptx" };
const markup = /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|meta|style|table|div)\b/i;

/**
 * The format of a file by its first kilobyte, where its name is that of an older format of Office: programs give these
 * names to pages, to Rich Text and to what later versions of Office wrote, since Office opens all of them.
 */
export const formatInside = (format: Format, bytes: Buffer): Format => {
  const successor = successors[format];
  if (successor === undefined || signatures.compound(bytes)) return format;
  if (signatures.zip(bytes)) return successor;
  if (signatures.rtf(bytes)) return "rtf";
  const begin = bytes.toString("latin1", 0, 1024);
  if (begin.startsWith("<?xml")) return "xml";
  return markup.test(begin) ? "html" : format;
};

/** What the first kilobyte of a file shows: that it may be of a format, that it is encrypted, or that it is another. */
export const signatureOf = (format: Format, bytes: Buffer): "right" | "encrypted" | "wrong" => {
  const { signature } = rows[formatInside(format, bytes)];
  if (signatures[signature](bytes)) return "right";
  // Office keeps an encrypted document in the container of its older formats.
  return signature === "zip" && signatures.compound(bytes) ? "encrypted" : "wrong";
};
