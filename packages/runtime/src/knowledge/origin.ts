import { hash } from "node:crypto";
import { type KnowledgeSource, sourceId } from "@muxi/formation";

/** A text of 128 bits that stands for another one, which may be long or secret. */
export const shortDigest = (text: string): string => hash("sha256", text, "base64url").slice(0, 22);

/** What the documents of a source elsewhere are stored under: with another address it is another one. */
export const originOf = (source: KnowledgeSource): string =>
  source.url === undefined ? "" : `${sourceId(source)} ${shortDigest(source.url)}`;
