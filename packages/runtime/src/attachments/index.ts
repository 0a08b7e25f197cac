/** Files of a message: documents become text, images go to a model that sees. */
export {
  type AttachmentReader,
  type Attachments,
  createAttachmentReader,
  decodeFile,
  modelMessage,
  storedMessage,
} from "./attachments.ts";
