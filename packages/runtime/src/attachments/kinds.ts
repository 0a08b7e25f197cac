import { type Format, formatLabels, formatOf, pictureTypeOf, signatureOf } from "@muxi/documents";

interface ImageType {
  mediaType: string;
  extensions: readonly string[];
}

const images: readonly ImageType[] = [
  { mediaType: "image/png", extensions: ["png"] },
  { mediaType: "image/jpeg", extensions: ["jpg", "jpeg"] },
  { mediaType: "image/webp", extensions: ["webp"] },
  { mediaType: "image/gif", extensions: ["gif"] },
];

/** What a file is to a message: a document in some format, or an image. */
export type FileType = { kind: "document"; format: Format } | { kind: "image"; mediaType: string };

/** The formats of files that can be attached, for error messages. */
export const readableExtensions: string = [
  ...new Set([...formatLabels, ...images.map(({ extensions: [first] }) => first)]),
].join(", ");

const imageOf = (filename: string, contentType: string): FileType | undefined => {
  const [named = ""] = contentType.toLowerCase().split(";", 1);
  const mediaType = named.trim() === "image/jpg" ? "image/jpeg" : named.trim();
  const extension = /\.([^.]+)$/.exec(filename.toLowerCase())?.[1] ?? "";
  const image =
    images.find((type) => type.mediaType === mediaType) ??
    images.find(({ extensions }) => extensions.includes(extension));
  return image && { kind: "image", mediaType: image.mediaType };
};

const documentOf = (filename: string, contentType: string): FileType | undefined => {
  const format = formatOf(filename, contentType);
  return format && format !== "picture" ? { kind: "document", format } : undefined;
};

/** The type of a file by its content type, else by its name; undefined when neither is known. */
export const typeOf = (filename: string, contentType: string): FileType | undefined =>
  documentOf("", contentType) ??
  imageOf("", contentType) ??
  documentOf(filename, "") ??
  imageOf(filename, "");

/** Largest image, in bytes. */
export const largestImage = 5 * 2 ** 20;

/** Whether the first bytes match the type that a file claims. */
export const looksLike = (type: FileType, bytes: Buffer): boolean =>
  type.kind === "image"
    ? pictureTypeOf(bytes) === type.mediaType
    : signatureOf(type.format, bytes) !== "wrong";

/** The media type of an image that models support; undefined for anything else. */
export const imageTypeOf = (contentType: string, bytes: Buffer): string | undefined => {
  const type = imageOf("", contentType);
  return type?.kind === "image" && looksLike(type, bytes) ? type.mediaType : undefined;
};
