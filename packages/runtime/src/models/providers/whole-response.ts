import type { ResponseHead } from "@muxi/http";

/** Largest body of an error, in bytes. */
export const errorBodyLimit = 64 * 1024;
/** Largest answer in one piece, in bytes. */
const wholeLimit = 16 * 2 ** 20;

/** A response that is not a stream: an error, a web page, or an answer in one piece, as some gateways send it. */
export interface WholeResponse {
  head: ResponseHead;
  chunks: Buffer[];
  size: number;
  limit: number;
}

export const wholeResponse = (head: ResponseHead): WholeResponse => ({
  head,
  chunks: [],
  size: 0,
  limit: head.status < 300 ? wholeLimit : errorBodyLimit,
});

const byteOrderMark = [0xef, 0xbb, 0xbf];
/** White space of a text in Latin-1, as `\s` has it. */
const isWhite = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;

/**
 * The first character that is no blank or byte order mark, of bytes as Latin-1. It is nearly always the first byte: a
 * text of the whole chunk would be made for nothing, for each answer.
 */
const firstCharacter = (chunk: Buffer | undefined): string => {
  if (!chunk) return "";
  const isMarked = byteOrderMark.every((byte, index) => chunk[index] === byte);
  for (let at = isMarked ? byteOrderMark.length : 0; at < chunk.length; at += 1) {
    const byte = chunk[at];
    if (byte !== undefined && !isWhite(byte)) return String.fromCharCode(byte);
  }
  return "";
};

/** Whether a chunk holds nothing yet: some gateways send blank lines while they wait for the model. */
export const isBlank = (chunk: Buffer): boolean => firstCharacter(chunk) === "";

/**
 * Whether a response is a stream of events. Servers and gateways name the wrong type: the first character tells, where it
 * is one with which JSON, a page, or a line of events begins (`data`, `event`, `id`, `retry`, a comment).
 */
export const isEventStream = ({ headers }: ResponseHead, chunk?: Buffer): boolean => {
  const first = firstCharacter(chunk);
  if (first !== "" && "{[<".includes(first)) return false;
  if (first !== "" && "deir:".includes(first)) return true;
  const type = headers.find(([name]) => name === "content-type")?.[1].toLowerCase() ?? "";
  return !/^(?:application\/(?:[\w.]+\+)?json|text\/html)\b/.test(type);
};
