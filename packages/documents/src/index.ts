/** Documents of many formats become headings, paragraphs, lists, tables and code, and know where each stands. */
export { decodeText } from "./base/decode.ts";
export type { Block, Document, Failure, ReadingLimits } from "./base/document.ts";
export { markdownOf } from "./base/markdown.ts";
export { pictureTypeOf } from "./base/picture-type.ts";
export type { OcrFiles, Perceived, Perception } from "./base/senses.ts";
export { decodeDocument } from "./decode-document.ts";
export { createDocumentReader, type Understanding } from "./document-reader.ts";
export {
  documentExtensions,
  type Format,
  formatLabel,
  formatLabels,
  formatOf,
  isTextFormat,
  mayNeedUnderstanding,
  signatureOf,
} from "./formats.ts";
export { type DocumentPassage, type PassageSettings, passagesOf } from "./passages/passages.ts";
