/** The files of a message: documents become text, images go to a vision model. */
export {
  type AttachmentReader,
  type Attachments,
  createAttachmentReader,
  decodeFile,
  modelMessage,
  storedMessage,
  withDocuments,
  writtenByUser,
} from "./attachments.ts";
export { imageTypeOf, largestImage } from "./kinds.ts";
