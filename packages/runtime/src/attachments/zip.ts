import { fromBufferPromise } from "yauzl";
import { Unreadable } from "./unreadable.ts";

const mostEntries = 5_000;
/** Most bytes of all entries together, and of one that is no picture: it becomes objects many times as large. */
const mostUnpacked = 64 * 2 ** 20;
const largestPart = 16 * 2 ** 20;
const pictures = /\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|webp|svg)$/i;

/**
 * Unpacks all entries of a Word document once to check their real sizes: libraries trust the sizes that a file declares.
 *
 * @throws Unreadable when they unpack to more than is read, or are encrypted; what the library throws for a damaged file
 */
export const checkZip = async (bytes: Buffer): Promise<void> => {
  const zip = await fromBufferPromise(bytes);
  if (zip.entryCount > mostEntries) throw new Unreadable("it has too many parts");
  let size = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.isEncrypted()) throw new Unreadable("it is protected by a password");
    const isPicture = pictures.test(entry.fileName);
    const before = size;
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      size += chunk.length;
      if (size > mostUnpacked || (!isPicture && size - before > largestPart)) {
        throw new Unreadable("it unpacks to too much");
      }
    }
  }
};
