import { createHash } from "node:crypto";
import { canonicalJson } from "../base/index.ts";

/** 132 bits, which nobody guesses who does not know the text. */
const keyLength = 22;

/**
 * What a passage is known by, however often its document is read anew: its text, and what its document is called. Where a
 * document says the same twice, both are one.
 */
export const passageKey = (source: string, { part = "", text }: { part?: string; text: string }): string =>
  `cit_${createHash("sha256")
    .update(canonicalJson([source, part, text]))
    .digest("base64url")
    .slice(0, keyLength)}`;
