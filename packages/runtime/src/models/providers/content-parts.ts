import { isObject } from "@muxi/protocol";
import { textOf } from "../../base/index.ts";

/** The text of a list of content parts, which some servers send instead of a string. */
export const readParts = (content: readonly unknown[]): { text: string; reasoning: string } => {
  let text = "";
  let reasoning = "";
  for (const part of content) {
    if (!isObject(part)) {
      text += textOf(part);
    } else if (part.type === "thinking" || part.type === "reasoning") {
      const thinking = part.thinking ?? part.reasoning ?? part.text;
      reasoning += Array.isArray(thinking) ? readParts(thinking).text : textOf(thinking);
    } else {
      text += textOf(part.text);
    }
  }
  return { text, reasoning };
};
