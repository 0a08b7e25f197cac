import type { Failure } from "./document.ts";

/** What others than readers understand: a picture, or a recording of speech. */
export interface Perception {
  kind: "picture" | "recording";
  /** What it is called: the file, and the page of it. */
  name: string;
  mediaType: string;
  bytes: Uint8Array;
}

/** The text of a picture, as Markdown, or of a recording. */
export type Perceived = { text: string } | { failure: Failure };

/**
 * Finds the text of a picture or a recording.
 *
 * @throws Unreadable
 */
export type Perceive = (perception: Perception) => Promise<string>;

/** The files of what recognises letters: `tesseract.js`, and the data of each language by its code. */
export interface OcrFiles {
  engine: string;
  languages: Readonly<Record<string, string>>;
}

/** Who understands pictures and recordings: whoever has the document read, letter recognition, or nobody. */
export interface Senses {
  pictures: "asked" | OcrFiles | undefined;
  recordings: "asked" | undefined;
}
