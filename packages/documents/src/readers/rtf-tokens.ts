/** A piece of RTF. */
export type RtfToken =
  | { kind: "open" }
  | { kind: "close" }
  /** A control word, with its number where it has one. */
  | { kind: "word"; name: string; value: number | undefined }
  /** A control symbol: `\*` and others of one character that is no letter. */
  | { kind: "symbol"; name: string }
  /** Bytes of text, in the encoding that is in force. */
  | { kind: "text"; bytes: Uint8Array };

const control = /\\(?:([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|'([0-9a-fA-F]{2})|([^a-zA-Z']))/y;
const plain = /[^\\{}\r\n]+/y;

/** Cuts RTF into its pieces. Data behind `\bin` is left out. */
export function* rtfTokens(source: string): Generator<RtfToken> {
  let at = 0;
  while (at < source.length) {
    const mark = source[at];
    if (mark === "{" || mark === "}") {
      at += 1;
      yield mark === "{" ? { kind: "open" } : { kind: "close" };
    } else if (mark === "\r" || mark === "\n") at += 1;
    else if (mark === "\\") {
      control.lastIndex = at;
      const [whole = "\\", name, value, hex, symbol] = control.exec(source) ?? [];
      at += whole.length;
      if (name !== undefined) {
        const number = value === undefined ? undefined : Number(value);
        if (name === "bin") at += Math.max(number ?? 0, 0);
        else yield { kind: "word", name, value: number };
      } else if (hex !== undefined) yield { kind: "text", bytes: Uint8Array.of(Number.parseInt(hex, 16)) };
      else if (symbol !== undefined) yield { kind: "symbol", name: symbol };
    } else {
      plain.lastIndex = at;
      const [text = ""] = plain.exec(source) ?? [];
      at += text.length;
      yield { kind: "text", bytes: Buffer.from(text, "latin1") };
    }
  }
}
