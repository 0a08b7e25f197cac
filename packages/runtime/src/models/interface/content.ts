import type { ContentPart } from "./model.ts";

/** What a message says in words: images are left out. */
export const plainText = (content: string | readonly ContentPart[]): string =>
  typeof content === "string"
    ? content
    : content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
