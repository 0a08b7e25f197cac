import type { SourceDocumentUIPart } from "ai";
import type { Citation } from "muxi-client";
import { fieldsOf } from "../http/index.ts";

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

/** Those of a stored message, where the server tells any: other servers have no metadata. */
export const sourcesIn = (metadata: unknown): SourceDocumentUIPart[] => {
  const { citations } = fieldsOf(metadata);
  return Array.isArray(citations) ? citations.map(sourceOf) : [];
};
