/** How the end of a body is found, and how far the body has been read. */
export type Framing =
  | { kind: "length"; left: number }
  | {
      kind: "chunked";
      part: "size" | "data" | "line end" | "trailer";
      /** Bytes of the chunk that are still to come. */
      left: number;
      /** The start of a line that has not ended yet. */
      line: string;
    }
  /** The body ends with the connection. */
  | { kind: "close" };

/** Which of some bytes belong to the body. */
export interface BodyScan {
  /** Index after the last byte to pass on. */
  end: number;
  /** Whether the body ends here. */
  done: boolean;
  /** Index after the last byte that was read: greater than `end` when a trailer was left out. */
  read: number;
}

type OnData = (from: number, to: number) => void;

const lineFeed = 10;
const longestLine = 4096;
/** Chunk extensions after the size are ignored, as everybody does. */
const chunkSize = /^[0-9a-f]{1,12}[\t ]*(?:;[^\r\n]*)?\r\n$/i;

const readChunks = (
  framing: Extract<Framing, { kind: "chunked" }>,
  bytes: Buffer,
  from: number,
  to: number,
  onData: OnData | undefined,
): BodyScan => {
  let at = from;
  let end = to;
  // Trailers belong to one connection and are left out: all but the empty line that ends them.
  if (framing.part === "trailer") end = from;
  while (at < to) {
    if (framing.part === "data") {
      const size = Math.min(framing.left, to - at);
      onData?.(at, at + size);
      at += size;
      framing.left -= size;
      if (framing.left === 0) framing.part = "line end";
      continue;
    }
    const found = bytes.indexOf(lineFeed, at);
    const lineEnd = found < 0 || found >= to ? to : found + 1;
    const line = framing.line + bytes.toString("latin1", at, lineEnd);
    at = lineEnd;
    if (!line.endsWith("\n")) {
      if (line.length > longestLine) throw new Error("The response has a line without end");
      framing.line = line;
      break;
    }
    framing.line = "";
    if (framing.part === "size") {
      if (!chunkSize.test(line)) {
        throw new Error(`The response has the chunk size '${line.slice(0, 80)}'`);
      }
      framing.left = Number.parseInt(line, 16);
      framing.part = framing.left === 0 ? "trailer" : "data";
      if (framing.left === 0) end = at;
    } else if (framing.part === "line end") {
      if (line !== "\r\n") throw new Error("The response has a chunk that is longer than its size");
      framing.part = "size";
    } else if (line === "\r\n") return { end, done: true, read: at };
  }
  return { end, done: false, read: at };
};

/**
 * Reads the next bytes of a body as far as the body goes.
 *
 * @param framing Is changed to how far the body has been read.
 * @param onData Called with each range that is content and not framing.
 * @throws Error when the body is not framed as its head says
 */
export const scanBody = (
  framing: Framing,
  bytes: Buffer,
  from: number,
  to: number,
  onData?: OnData,
): BodyScan => {
  if (framing.kind === "chunked") return readChunks(framing, bytes, from, to, onData);
  const end = framing.kind === "close" ? to : Math.min(to, from + framing.left);
  if (end > from) onData?.(from, end);
  if (framing.kind === "close") return { end, done: false, read: end };
  framing.left -= end - from;
  return { end, done: framing.left === 0, read: end };
};
