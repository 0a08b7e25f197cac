import { readFile } from "node:fs/promises";
import { PDFiumLibrary } from "@hyzyla/pdfium";
import { greyPng } from "../base/png.ts";

/** Pixels of the longer side of a page: of a letter, 170 of an inch, at which print is read as well as at more. */
const longestSide = 2_000;
/** How much a page may be enlarged: one of the size of a stamp has no more to show. */
const mostEnlarged = 4;

/** The pages of a PDF as pictures. */
export interface Scans {
  /** Whether there is a picture on a page. @param page From 1. */
  hasPicture(page: number): boolean;
  /** A page as PNG. @param page From 1. */
  draw(page: number): Promise<Buffer>;
  close(): void;
}

export const openScans = async (bytes: Buffer): Promise<Scans> => {
  const program = await readFile(new URL(import.meta.resolve("#pdfium.wasm")));
  const wasmBinary = program.buffer.slice(program.byteOffset, program.byteOffset + program.byteLength);
  const library = await PDFiumLibrary.init({ wasmBinary });
  const document = await library.loadDocument(bytes);
  return {
    hasPicture: (number) =>
      // A form is a drawing that pages share, and may hold the picture.
      [...document.getPage(number - 1).objects()].some(({ type }) => type === "image" || type === "form"),
    async draw(number) {
      const page = document.getPage(number - 1);
      const { originalWidth, originalHeight } = page.getOriginalSize();
      const scale = Math.min(longestSide / Math.max(originalWidth, originalHeight, 1), mostEnlarged);
      const { data, width, height } = await page.render({ scale, colorSpace: "Gray", render: "bitmap" });
      return greyPng(data, width, height);
    },
    close() {
      document.destroy();
      library.destroy();
    },
  };
};
