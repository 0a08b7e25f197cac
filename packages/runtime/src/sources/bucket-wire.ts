import { characters } from "./listings.ts";

/** An object of a bucket. */
export interface BucketObject {
  key: string;
  etag: string;
  lastModified: string;
  /** Bytes. */
  size: number;
}

/** A page of the list of a bucket's objects. */
export interface ObjectPage {
  objects: BucketObject[];
  /** Where the next one begins; undefined for the last one. */
  next: string | undefined;
}

/** How a kind of buckets is spoken to. */
export interface BucketWire {
  /** The address of a page of the list. */
  listUrl(prefix: string, after: string | undefined): URL;
  readList(text: string): ObjectPage;
  objectUrl(key: string): URL;
  /** What signs a request. */
  headersOf(url: URL): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

/** A key as the path of an address, with nothing in it that one might take for a space or an end. */
export const pathOfKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");

/** Parts of an address that are dots would be taken for a folder, and half of a character is none. */
export const hasAddress = (key: string): boolean =>
  !/\p{Cs}/u.test(key) && !key.split("/").some((part) => part === "." || part === "..");

/** The text of the first element of a name; undefined where there is none. */
export const elementIn = (xml: string, name: string): string | undefined => {
  const start = xml.indexOf(`<${name}>`);
  if (start === -1) return undefined;
  const end = xml.indexOf(`</${name}>`, start);
  return end === -1 ? undefined : characters(xml.slice(start + name.length + 2, end));
};

/** What stands between the tags of elements of a name. */
export const elementsIn = (xml: string, name: string): string[] =>
  xml
    .split(`<${name}>`)
    .slice(1)
    .map((rest) => rest.split(`</${name}>`, 1)[0] ?? "");
