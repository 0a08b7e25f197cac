import mammoth from "mammoth";
import { titleOfOffice } from "../base/ooxml.ts";
import type { Reader } from "../base/reader.ts";
import { checkZip, openZip } from "../base/zip.ts";
import { readMarkup } from "./html.ts";

/** The links that lead back from footnotes. */
const wayBack = /<a href="#(?:foot|end)note-ref-\d+">↑<\/a>/g;

const options = {
  styleMap: ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => h2:fresh"],
  // Pictures are not read: they would come as text of many megabytes.
  convertImage: mammoth.images.imgElement(async () => ({ src: "" })),
};

/** Reads Word documents since 2007, with headings, lists, tables and footnotes. */
export const readDocx: Reader = async ({ bytes }, output) => {
  await checkZip(bytes, output.limits.unpacked);
  output.title(await titleOfOffice(await openZip(bytes, output.limits.unpacked)));
  const { value } = await mammoth.convertToHtml({ buffer: bytes }, options);
  readMarkup(value.replace(wayBack, ""), output);
};
