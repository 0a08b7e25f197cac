import { fromBufferPromise } from "yauzl";

const mostEntries = 5_000;

/**
 * Unpacks all entries of a ZIP file once to check their real sizes: libraries trust the sizes that a file declares.
 *
 * @param limit Most bytes of all entries together.
 * @throws Error when they unpack to more, or when the file is damaged or encrypted
 */
export const checkZip = async (bytes: Buffer, limit: number): Promise<void> => {
  const zip = await fromBufferPromise(bytes);
  if (zip.entryCount > mostEntries) throw new Error("it has too many parts");
  let size = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.isEncrypted()) throw new Error("it is encrypted");
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      size += chunk.length;
      if (size > limit) throw new Error("it unpacks to too much");
    }
  }
};
