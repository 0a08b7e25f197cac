import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { crc32, createDeflateRaw } from "node:zlib";

export interface ZipEntry {
  /** Path in the archive, with forward slashes. */
  name: string;
  file: string;
}

/** Limits of the classic format. Larger archives would need zip64. */
export const zipLimits = { bytes: 0xffffffff, entries: 0xffff } as const;

const utf8Names = 0x0800;
const sizesFollow = 0x0008;
const deflated = 8;
const version = 20;

const dosTime = (date: Date): { time: number; date: number } => ({
  time: (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1),
  date: (Math.max(0, date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
});

/** The fields that the local header and the central directory share. */
const commonFields = (
  modified: Date,
  name: Buffer,
  sums: { crc: number; packed: number; bytes: number },
): Buffer => {
  const fields = Buffer.alloc(26);
  const { time, date } = dosTime(modified);
  fields.writeUInt16LE(version, 0);
  fields.writeUInt16LE(utf8Names | sizesFollow, 2);
  fields.writeUInt16LE(deflated, 4);
  fields.writeUInt16LE(time, 6);
  fields.writeUInt16LE(date, 8);
  fields.writeUInt32LE(sums.crc, 10);
  fields.writeUInt32LE(sums.packed, 14);
  fields.writeUInt32LE(sums.bytes, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
};

const signature = (kind: number): Buffer => Buffer.from([0x50, 0x4b, kind, kind + 1]);

/** Creates a zip archive, file by file. */
export async function* zip(entries: readonly ZipEntry[]): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name: path, file } of entries) {
    const name = Buffer.from(path);
    const { mtime, mode } = await stat(file);
    const sums = { crc: 0, packed: 0, bytes: 0 };
    const head = Buffer.concat([signature(3), commonFields(mtime, name, sums), name]);
    yield head;
    const source = createReadStream(file).on("data", (chunk) => {
      sums.crc = crc32(chunk, sums.crc);
      sums.bytes += chunk.length;
    });
    const packed = source.pipe(createDeflateRaw());
    source.once("error", (error) => packed.destroy(error));
    for await (const chunk of packed) {
      const piece: Buffer = chunk;
      sums.packed += piece.length;
      yield piece;
    }
    const descriptor = Buffer.concat([signature(7), commonFields(mtime, name, sums).subarray(10, 22)]);
    yield descriptor;
    const place = Buffer.alloc(14);
    place.writeUInt32LE((mode << 16) >>> 0, 6);
    place.writeUInt32LE(offset, 10);
    const madeBy = Buffer.from([version, 3]); // 3: the mode is a Unix one.
    directory.push(Buffer.concat([signature(1), madeBy, commonFields(mtime, name, sums), place, name]));
    offset += head.length + sums.packed + descriptor.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  yield list;
  yield Buffer.concat([signature(5), end]);
}
