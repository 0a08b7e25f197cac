import { type Entry, fromBufferPromise } from "yauzl";
import { passwordProtected, Unreadable } from "./unreadable.ts";

const mostEntries = 5_000;
/** The share of all that is unpacked that one entry may have, unless it is a picture: it becomes objects many times as large. */
const largestPart = 1 / 4;
const pictures = /\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|webp|svg)$/i;

/** A zip in memory. Each entry is unpacked when it is asked for. */
export interface Zip {
  /** In the order of the archive, folders left out. */
  readonly names: readonly string[];
  /** An entry's bytes; undefined when there is none of that name. @throws Unreadable */
  bytes(name: string): Promise<Buffer | undefined>;
  /** The same as text in UTF-8; empty when there is none. @throws Unreadable */
  text(name: string): Promise<string>;
}

const tooMuch = () => new Unreadable("too_large", "it unpacks to too much");

/**
 * Opens a zip. The sizes that it declares are not believed: bytes are counted as they come out of the compression.
 *
 * @param mostUnpacked Most bytes of all entries that are asked for, together.
 * @throws Unreadable when it has too many entries; what the library throws for a damaged file
 */
export const openZip = async (bytes: Buffer, mostUnpacked: number): Promise<Zip> => {
  const zip = await fromBufferPromise(bytes);
  if (zip.entryCount > mostEntries) throw new Unreadable("too_large", "it has too many parts");
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith("/")) entries.set(entry.fileName, entry);
  }
  let left = mostUnpacked;

  const read = async (name: string): Promise<Buffer | undefined> => {
    const entry = entries.get(name);
    if (!entry) return undefined;
    if (entry.isEncrypted()) throw passwordProtected();
    const most = pictures.test(name) ? left : Math.min(left, mostUnpacked * largestPart);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      size += chunk.length;
      if (size > most) throw tooMuch();
      chunks.push(chunk);
    }
    left -= size;
    return Buffer.concat(chunks);
  };

  return {
    names: [...entries.keys()],
    bytes: read,
    text: async (name) => new TextDecoder().decode(await read(name)),
  };
};

/**
 * Unpacks all entries once to check their real sizes, for libraries that trust the sizes that a file declares.
 *
 * @throws Unreadable when they unpack to more than is read, or are encrypted; what the library throws for a damaged file
 */
export const checkZip = async (bytes: Buffer, mostUnpacked: number): Promise<void> => {
  const zip = await openZip(bytes, mostUnpacked);
  for (const name of zip.names) await zip.bytes(name);
};
