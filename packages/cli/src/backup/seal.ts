import { createCipheriv } from "node:crypto";
import { chunkBytes, type Header, keyOf, magic, nonceOf } from "./header.ts";

/** Pieces of any size as chunks that are all full but the last; there is at least one. */
const chunksOf = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<[Buffer, boolean]> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    held.push(piece);
    size += piece.length;
    // What is held may be the last chunk, until there is more.
    if (size <= chunkBytes) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; all.length - at > chunkBytes; at += chunkBytes) yield [all.subarray(at, at + chunkBytes), false];
    held = [all.subarray(at)];
    size = all.length - at;
  }
  yield [Buffer.concat(held), true];
};

const lengthOf = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
};

/** Encrypts a stream as docs/spec/cli.md "Format of a backup" says. */
export const seal = async function* (
  source: AsyncIterable<Uint8Array>,
  header: Header,
  passphrase: string,
): AsyncGenerator<Buffer> {
  const text = Buffer.from(JSON.stringify(header));
  const key = await keyOf(header, passphrase);
  yield Buffer.concat([magic, lengthOf(text), text]);
  let number = 0;
  for await (const [chunk, isLast] of chunksOf(source)) {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number, isLast));
    cipher.setAAD(text);
    const sealed = Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
    yield Buffer.concat([lengthOf(sealed), sealed]);
    number += 1;
  }
};
