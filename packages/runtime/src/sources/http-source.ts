import path from "node:path";
import { type Format, formatLabel, formatOf } from "@muxi/documents";
import type { KnowledgeSource, SourceUrl } from "@muxi/formation";
import { shortDigest } from "../knowledge/index.ts";
import { linksIn, locationsIn, sitemapKind } from "./listings.ts";
import { depthOf, pathFilter, pathPattern } from "./path-pattern.ts";
import {
  createRequester,
  type Opened,
  type RequesterDeps,
  saveBody,
  TooLargeError,
  textOfBody,
} from "./request.ts";
import { tooLargeFor } from "./selection.ts";
import { showAddresses } from "./shown-address.ts";
import {
  checkListed,
  type DocumentElsewhere,
  type Fetched,
  type SourceElsewhere,
  SourceError,
} from "./source.ts";

/** A source with a URL. */
export type ConfiguredSource = KnowledgeSource & { url: string };

/** Most bytes of a page with links and of a sitemap, and how many of them one sync reads. */
const largestListing = 10 * 2 ** 20;
const mostListings = 200;
/** How many folders below the first one links are followed. */
const deepest = 10;

/** What `auth` of a source makes the header `Authorization`. */
export const authorizationOf = ({ auth }: ConfiguredSource): string | undefined => {
  if (!auth) return undefined;
  const { type, username = "", password = "", token = "" } = auth;
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return type === "basic" ? `Basic ${basic}` : `Bearer ${token}`;
};

/** The format of what a server sends: many send a page as it is asked for, and text under any name. */
const formatOfBody = (url: URL, mediaType: string): Format | undefined => {
  const byType = formatOf("", mediaType);
  return byType === "html" ? byType : (formatOf(decodeSafely(url.pathname)) ?? byType);
};

const decodeSafely = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The path of an address below a base; undefined for one that is elsewhere. */
const pathBelow = (base: URL, url: URL): string | undefined => {
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return undefined;
  return decodeSafely(url.pathname.slice(base.pathname.length));
};

/** Documents of a web server: one, those that a sitemap lists, or those that links lead to and a pattern fits. */
export const createHttpSource = (
  source: ConfiguredSource,
  { pattern, ...url }: SourceUrl,
  deps: Pick<RequesterDeps, "policy" | "proxy" | "now">,
): SourceElsewhere => {
  const base = new URL(url.base);
  const isWanted = pathFilter(source);
  const authorization = authorizationOf(source);
  const headers = { ...(authorization && { authorization }), ...source.headers };
  const shownAddress = showAddresses(base);
  const requester = createRequester({ ...deps, headersOf: () => headers, origin: base.origin, shownAddress });

  const largest = source.max_file_size;
  const save = async (opened: Opened, file: string, signal: AbortSignal): Promise<Fetched> => {
    const mediaType = opened.headers.get("content-type") ?? "";
    const format = formatOfBody(opened.url, mediaType);
    const ending = format && (path.extname(opened.url.pathname).toLowerCase() || `.${formatLabel(format)}`);
    if (!format || !(source.allowed_extensions?.includes(ending ?? "") ?? true)) {
      opened.body.destroy();
      const reason = `documents of its type${mediaType === "" ? "" : ` (${mediaType})`} are not read`;
      return { kind: "left out", code: "unsupported", reason };
    }
    const size = await saveBody(opened, file, largest, signal);
    const { headers: told } = opened;
    const version = { etag: told.get("etag"), lastModified: told.get("last-modified"), size };
    return { kind: "new", format, version };
  };

  const documentAt = (url: URL, name: string): DocumentElsewhere => ({
    name,
    async fetch(file, known, signal) {
      const opened = await requester.open(
        url,
        {
          ...(known?.etag !== undefined && { "if-none-match": known.etag }),
          ...(known?.lastModified !== undefined && { "if-modified-since": known.lastModified }),
        },
        signal,
      );
      if (opened.status !== 200) {
        opened.body.destroy();
        return { kind: opened.status === 304 ? "same" : "gone" };
      }
      try {
        return await save(opened, file, signal);
      } catch (error) {
        if (error instanceof TooLargeError) return tooLargeFor(source);
        throw error;
      }
    },
  });

  /** Addresses that differ only in what is not shown have names of their own all the same. */
  const documentsAt = (urls: readonly URL[]): DocumentElsewhere[] => {
    const names = urls.map((url) => shownAddress(url));
    const seen = new Set<string>();
    const shared = new Set<string>();
    for (const name of names) (seen.has(name) ? shared : seen).add(name);
    return urls.map((url, at) => {
      const name = names[at] ?? "";
      return documentAt(url, shared.has(name) ? `${name}#${shortDigest(url.href).slice(0, 8)}` : name);
    });
  };

  /** A page with links or a sitemap; undefined where there is none. */
  const listing = async (url: URL, signal: AbortSignal) => {
    const opened = await requester.open(url, {}, signal);
    if (opened.status !== 200) {
      opened.body.destroy();
      return undefined;
    }
    try {
      return { url: opened.url, text: await textOfBody(opened, largestListing, signal) };
    } catch (error) {
      if (!(error instanceof TooLargeError)) throw error;
      throw new SourceError(`${shownAddress(url)}: it lists too much, more than ${largestListing} bytes`);
    }
  };

  /** Reads lists of documents, and the further lists that they lead to. */
  const follow = async (
    each: (list: { url: URL; asked: URL; text: string }, add: (url: URL) => void) => Promise<void>,
    signal: AbortSignal,
  ) => {
    const lists = new Map([[base.href, base]]);
    const add = (further: URL) => {
      lists.set(further.href, lists.get(further.href) ?? further);
      if (lists.size <= mostListings) return;
      throw new SourceError(`it leads to more than ${mostListings} lists of documents: name a part of them`);
    };
    for (const url of lists.values()) {
      const list = await listing(url, signal);
      // A further list that is gone is like a document that is gone.
      if (!list && url === base) throw new SourceError(`${shownAddress(url)}: there is nothing`);
      if (list) await each({ ...list, asked: url }, add);
    }
  };

  const ofSitemap = async (signal: AbortSignal): Promise<URL[]> => {
    const found = new Map<string, URL>();
    let isSitemap = true;
    await follow(async ({ url, asked, text }, add) => {
      const kind = sitemapKind(text);
      if (kind === undefined && asked === base) isSitemap = false;
      if (kind === undefined) return;
      for await (const location of locationsIn(text, url)) {
        if (location.origin !== base.origin) continue;
        if (kind === "sitemaps") add(location);
        else if (isWanted(decodeSafely(location.pathname.slice(1)))) found.set(location.href, location);
        checkListed(found.size);
      }
    }, signal);
    return isSitemap ? [...found.values()] : [base];
  };

  const ofPattern = async (written: string, signal: AbortSignal): Promise<URL[]> => {
    const found = new Map<string, URL>();
    const matches = pathPattern(written);
    const depth = Math.min(depthOf(written), deepest);
    await follow(async ({ url, text }, add) => {
      for await (const link of linksIn(text, url)) {
        const below = pathBelow(base, link);
        // Lists of files link to themselves in another order.
        if (below === undefined || below === "" || link.search !== "") continue;
        if (below.endsWith("/") && below.split("/").length - 1 <= depth) add(link);
        const name = below.replace(/\/$/, "");
        if (matches(name) && isWanted(name)) found.set(link.href, link);
        checkListed(found.size);
      }
    }, signal);
    return [...found.values()];
  };

  return {
    async list(signal) {
      const looksListed = /\.xml(?:\.gz)?$|sitemap/i.test(base.pathname);
      const urls =
        pattern !== undefined
          ? await ofPattern(pattern, signal)
          : looksListed
            ? await ofSitemap(signal)
            : [base];
      return documentsAt(urls);
    },
    close: requester.close,
  };
};
