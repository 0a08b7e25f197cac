/** Where in a document a block stands, as far as its format tells. */
export interface Place {
  /** From 1. */
  page?: number;
  /** From 1. */
  slide?: number;
  sheet?: string;
  /** First and last line of a text, or row of a sheet, from 1. */
  lines?: readonly [number, number];
  /** File inside an archive or a mail. */
  part?: string;
}

/** A piece of a document that has one form. Its text is Markdown where the form says so. */
export type Block = Place &
  (
    | { kind: "heading"; text: string /** 1 is the highest. */; level: number }
    | { kind: "paragraph"; text: string }
    /** Its items as Markdown, those below others indented. */
    | { kind: "list"; text: string }
    | { kind: "code"; text: string /** As after a Markdown fence. */; language?: string }
    | {
        kind: "table";
        /** The first row is the header. */
        rows: readonly (readonly string[])[];
        /** The line or row of the file in which each row begins; absent where the format has none. */
        rowLines?: readonly number[];
      }
  );

/** What a reader has made of a file. */
export interface Document {
  title?: string;
  blocks: readonly Block[];
  /** Whether the limits have cut off its end. */
  isCut: boolean;
  /** Files inside it that could not be read, and why. */
  unread: readonly UnreadPart[];
}

/** Why a document is not read (docs/spec/formation-files.md "Knowledge"). */
export type UnreadableCode =
  | "unsupported"
  | "encrypted"
  | "too_large"
  | "broken"
  | "too_slow"
  /** It is a picture or a recording, and nobody understands it. */
  | "scanned"
  /** Who understands it cannot do so now. */
  | "unavailable";

export interface Failure {
  code: UnreadableCode;
  /** In words for the user, with "it" for the document. */
  reason: string;
}

export interface UnreadPart extends Failure {
  part: string;
}

/** What reading one document may take. */
export interface ReadingLimits {
  /** On a processor. */
  milliseconds: number;
  /** Bytes of objects and buffers. */
  memory: number;
  /** Bytes of all that is unpacked. */
  unpacked: number;
  /** Pages, slides, sheets, or files of an archive. */
  pages: number;
  /** Characters of text; what follows is cut off. */
  characters: number;
  /** Pictures and recordings, the pages of a scan among them. */
  perceptions: number;
}
