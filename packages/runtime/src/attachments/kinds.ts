/** How a file is read. */
export type FileKind = "text" | "html" | "pdf" | "docx" | "image";

interface KnownType {
  kind: FileKind;
  mediaType: string;
  extensions: readonly string[];
}

const known: readonly KnownType[] = [
  { kind: "text", mediaType: "text/plain", extensions: ["txt", "text", "log"] },
  { kind: "text", mediaType: "text/markdown", extensions: ["md", "markdown"] },
  { kind: "text", mediaType: "text/csv", extensions: ["csv"] },
  { kind: "text", mediaType: "application/json", extensions: ["json"] },
  { kind: "text", mediaType: "application/xml", extensions: ["xml"] },
  { kind: "html", mediaType: "text/html", extensions: ["html", "htm"] },
  { kind: "pdf", mediaType: "application/pdf", extensions: ["pdf"] },
  {
    kind: "docx",
    mediaType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    extensions: ["docx"],
  },
  { kind: "image", mediaType: "image/png", extensions: ["png"] },
  { kind: "image", mediaType: "image/jpeg", extensions: ["jpg", "jpeg"] },
  { kind: "image", mediaType: "image/webp", extensions: ["webp"] },
  { kind: "image", mediaType: "image/gif", extensions: ["gif"] },
];

const otherNames: Readonly<Record<string, string>> = {
  "text/xml": "application/xml",
  "text/x-markdown": "text/markdown",
  "application/csv": "text/csv",
  "image/jpg": "image/jpeg",
};

/** The extensions of files that can be attached, for error messages. */
export const readableExtensions: string = known.map(({ extensions: [first] }) => first).join(", ");

/** The type of a file by its content type, else by its name; undefined when neither is known. */
export const typeOf = (filename: string, contentType: string): KnownType | undefined => {
  const [named = ""] = contentType.toLowerCase().split(";", 1);
  const mediaType = otherNames[named.trim()] ?? named.trim();
  const extension = /\.([^.]+)$/.exec(filename.toLowerCase())?.[1] ?? "";
  return (
    known.find((type) => type.mediaType === mediaType) ??
    known.find((type) => type.extensions.includes(extension))
  );
};

/** Largest image, in bytes. */
export const largestImage = 5 * 2 ** 20;

const signatures: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  // PDF readers accept the signature anywhere in the first kilobyte.
  "application/pdf": (bytes) => bytes.subarray(0, 1024).includes("%PDF-"),
  "image/png": (bytes) => bytes.toString("latin1", 1, 4) === "PNG",
  "image/jpeg": (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8,
  "image/gif": (bytes) => bytes.toString("latin1", 0, 4) === "GIF8",
  "image/webp": (bytes) => bytes.toString("latin1", 8, 12) === "WEBP",
};

/** Whether the first bytes match the type that a file claims. */
export const looksLike = ({ kind, mediaType }: KnownType, bytes: Buffer): boolean =>
  kind === "docx" ? bytes.toString("latin1", 0, 2) === "PK" : (signatures[mediaType]?.(bytes) ?? true);

/** The media type of an image that models support; undefined for anything else. */
export const imageTypeOf = (contentType: string, bytes: Buffer): string | undefined => {
  const type = typeOf("", contentType);
  return type?.kind === "image" && looksLike(type, bytes) ? type.mediaType : undefined;
};
