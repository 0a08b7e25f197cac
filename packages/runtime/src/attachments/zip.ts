import { inflateRawSync } from "node:zlib";

const endMark = 0x06054b50;
const entryMark = 0x02014b50;
const localMark = 0x04034b50;
const stored = 0;
const deflated = 8;
/** Bytes of the end record, and of the longest comment after it. */
const endRecord = 22;
const longestComment = 0xffff;
const mostEntries = 5_000;

const findEnd = (bytes: Buffer): number => {
  for (
    let at = bytes.length - endRecord;
    at >= Math.max(bytes.length - endRecord - longestComment, 0);
    at--
  ) {
    if (bytes.readUInt32LE(at) === endMark) return at;
  }
  throw new Error("it is not a ZIP file");
};

/**
 * Unpacks all entries of a ZIP file once to check their real sizes: libraries trust the sizes that a file declares.
 *
 * @param limit Most bytes of all entries together.
 * @throws Error when they unpack to more, or when the file is damaged or encrypted
 */
export const checkZip = (bytes: Buffer, limit: number): void => {
  const end = findEnd(bytes);
  const count = bytes.readUInt16LE(end + 10);
  if (count > mostEntries) throw new Error("it has too many parts");
  let at = bytes.readUInt32LE(end + 16);
  let left = limit;
  for (let entry = 0; entry < count; entry++) {
    if (bytes.readUInt32LE(at) !== entryMark) throw new Error("its directory is damaged");
    const flags = bytes.readUInt16LE(at + 8);
    const method = bytes.readUInt16LE(at + 10);
    const packedSize = bytes.readUInt32LE(at + 20);
    const local = bytes.readUInt32LE(at + 42);
    if ((flags & 1) !== 0) throw new Error("it is encrypted");
    if (bytes.readUInt32LE(local) !== localMark) throw new Error("one of its parts is damaged");
    const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(data, data + packedSize);
    if (method === deflated) left -= inflateRawSync(packed, { maxOutputLength: left + 1 }).length;
    else if (method === stored) left -= packed.length;
    else throw new Error("it is packed in a way that is not supported");
    if (left < 0) throw new Error("it unpacks to too much");
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
};
