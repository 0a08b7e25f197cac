import { setImmediate as nextTick } from "node:timers/promises";

/** Names and addresses in markup are written with these. */
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The character of a reference such as `#39` or `#x27`; undefined where it names none. */
const characterOf = (reference: string): string | undefined => {
  const [, hexadecimal, decimal] = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/i.exec(reference) ?? [];
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
};

/** Text of markup, with what stands for its special characters put back. */
export const characters = (written: string): string =>
  written.replace(/&(#?\w{1,8});/g, (whole, name: string) => entities[name] ?? characterOf(name) ?? whole);

/** As many addresses are read before others get their turn. */
const atOnce = 1_000;

async function* addressesIn(text: string, pattern: RegExp, base: URL): AsyncGenerator<URL> {
  let count = 0;
  for (const [, first, second, third] of text.matchAll(pattern)) {
    count += 1;
    if (count % atOnce === 0) await nextTick();
    const url = URL.parse(characters(first ?? second ?? third ?? "").trim(), base);
    if (!url) continue;
    url.hash = "";
    yield url;
  }
}

/** What a sitemap is, going by its beginning: a list of pages, or of other sitemaps. */
export const sitemapKind = (text: string): "pages" | "sitemaps" | undefined => {
  const [, root] = /<(?:\w+:)?(urlset|sitemapindex)[\s>]/.exec(text.slice(0, 2_000)) ?? [];
  return root === "urlset" ? "pages" : root === "sitemapindex" ? "sitemaps" : undefined;
};

/** The addresses that a sitemap lists. */
export const locationsIn = (sitemap: string, base: URL): AsyncGenerator<URL> =>
  addressesIn(sitemap, /<(?:\w{1,20}:)?loc>([^<]{1,4096})</g, base);

/** The addresses that the links of a page lead to. */
export const linksIn = (page: string, base: URL): AsyncGenerator<URL> =>
  addressesIn(page, /\shref\s{0,9}=\s{0,9}(?:"([^"]{1,4096})"|'([^']{1,4096})'|([^\s"'>]{1,4096}))/gi, base);
