import posix from "node:path/posix";
import type { Reader } from "../base/reader.ts";
import { childrenOf, firstOf, parseXml, xmlText } from "../base/xml.ts";
import { openZip } from "../base/zip.ts";
import { readMarkup } from "./html.ts";

/** Reads e-books, chapter by chapter in the order of their spine. */
export const readEpub: Reader = async ({ bytes }, output) => {
  const zip = await openZip(bytes, output.limits.unpacked);
  const container = parseXml(await zip.text("META-INF/container.xml"));
  const main = firstOf(container, "rootfile")?.attributes["full-path"] ?? "";
  const book = parseXml(await zip.text(main));
  output.title(xmlText(firstOf(book, "dc:title")));
  const items = new Map(
    childrenOf(firstOf(book, "manifest")).map(({ attributes }) => [attributes.id ?? "", attributes]),
  );
  for (const { attributes } of childrenOf(firstOf(book, "spine"))) {
    const item = items.get(attributes.idref ?? "");
    if (item?.href === undefined || item.properties?.split(" ").includes("nav")) continue;
    output.page();
    const chapter = posix.join(posix.dirname(main), decodeURIComponent(item.href));
    // What a chapter says of itself is not what the book is called.
    readMarkup(await zip.text(chapter), { ...output, title: () => undefined });
  }
};
