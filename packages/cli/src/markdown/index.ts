/** Markdown on a terminal: laid out for its width, as it arrives. */
export { createMarkdownStream } from "./stream.ts";
