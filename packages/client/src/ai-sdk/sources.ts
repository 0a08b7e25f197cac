import type { SourceDocumentUIPart } from "ai";
import type { Citation } from "muxi-client";

const mediaTypes: Record<string, string> = {
  csv: "text/csv",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  htm: "text/html",
  html: "text/html",
  md: "text/markdown",
  pdf: "application/pdf",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  txt: "text/plain",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

/** A citation as a part of a message, with all of it in `providerMetadata.muxi`. */
export const sourceOf = (citation: Citation): SourceDocumentUIPart => {
  const { id: sourceId, title, document: filename } = citation;
  const [, extension = ""] = /\.(\w+)$/.exec(filename) ?? [];
  const mediaType = mediaTypes[extension.toLowerCase()] ?? "application/octet-stream";
  return {
    type: "source-document",
    sourceId,
    mediaType,
    title,
    filename,
    providerMetadata: { muxi: { ...citation } },
  };
};
