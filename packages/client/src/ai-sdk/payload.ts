import type { FileUIPart, UIMessage } from "ai";
import { type ChatPayload, ConfigurationError } from "muxi-client";
import { fieldsOf, isObject } from "../http/index.ts";

const fileOf = ({ url, mediaType, filename }: FileUIPart) => {
  const content = /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1];
  if (content === undefined) {
    throw new ConfigurationError(
      "files",
      `${filename ?? "a file"} is not a Base64 data URL, and no other is sent`,
    );
  }
  return { filename: filename ?? "file", content, content_type: mediaType };
};

/** The user's last message. The formation keeps the earlier ones in the session. */
export const payloadOf = (messages: readonly UIMessage[]): Pick<ChatPayload, "message" | "files"> => {
  const parts = messages.findLast(({ role }) => role === "user")?.parts ?? [];
  const message = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
  const files = parts.flatMap((part) => (part.type === "file" ? [fileOf(part)] : []));
  return { message, ...(files.length > 0 && { files }) };
};

/** What the answer is written in, as the AI SDK says it to a model. */
export const formatOf = (responseFormat: unknown): Pick<ChatPayload, "format"> => {
  const { type, schema } = fieldsOf(responseFormat);
  if (type === "json") return { format: isObject(schema) ? { type, schema } : type };
  return type === "text" ? { format: type } : {};
};
