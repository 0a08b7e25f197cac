import { hash } from "node:crypto";
import type { DocumentPassage } from "@muxi/documents";

/** What a passage is found by: its text, and what stands above it. */
export const searchedText = ({
  title = "",
  headings,
  text,
}: Pick<DocumentPassage, "title" | "headings" | "text">): string =>
  [...new Set([title, ...headings.slice(0, -1)]), text].join("\n");

/** By which a passage is known again that has its vectors: 128 bits. */
export const digestOfText = (text: string): string => hash("sha256", text, "base64url").slice(0, 22);
