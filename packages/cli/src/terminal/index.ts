/** What a terminal can do beyond lines of text: widths, lines that change, keys. */
export { createKeys, messageOf } from "./keys.ts";
export { printable } from "./printable.ts";
export { createScreen, type Screen } from "./screen.ts";
export { widthOf } from "./width.ts";
export { type Span, wrap } from "./wrap.ts";
