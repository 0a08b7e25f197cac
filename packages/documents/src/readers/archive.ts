import posix from "node:path/posix";
import { Parser } from "tar";
import type { Reader } from "../base/reader.ts";
import { Unreadable } from "../base/unreadable.ts";
import { openZip } from "../base/zip.ts";

/** What systems leave in archives beside the files of their users. */
const isClutter = (name: string): boolean =>
  name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX") ||
  /(?:^|\/)Thumbs\.db$/.test(name);

/** Reads the files of a zip. */
export const readZip: Reader = async ({ bytes }, output, readPart) => {
  const zip = await openZip(bytes, output.limits.unpacked);
  for (const name of zip.names.toSorted()) {
    if (isClutter(name)) continue;
    output.page();
    await readPart({ name, bytes: (await zip.bytes(name)) ?? Buffer.alloc(0) }, output);
  }
};

interface Member {
  name: string;
  bytes: Buffer;
}

/** The files of a tar, also a compressed one. Links and devices are none. */
const membersOf = (bytes: Buffer, mostUnpacked: number): Promise<Member[]> =>
  new Promise((resolve, reject) => {
    const members: Member[] = [];
    let left = mostUnpacked;
    const parser = new Parser({ strict: true });
    parser.on("entry", (entry) => {
      const chunks: Buffer[] = [];
      const name = posix.normalize(entry.path);
      const isFile = (entry.type === "File" || entry.type === "OldFile") && !isClutter(name);
      entry.on("data", (chunk: Buffer) => {
        left -= chunk.length;
        if (left < 0) parser.abort(new Unreadable("too_large", "it unpacks to too much"));
        else if (isFile) chunks.push(chunk);
      });
      entry.on("end", () => {
        if (isFile) members.push({ name, bytes: Buffer.concat(chunks) });
      });
    });
    parser.on("error", reject);
    parser.on("end", () => resolve(members));
    parser.end(bytes);
  });

/** Reads the files of a tar, also a compressed one. */
export const readTar: Reader = async ({ bytes }, output, readPart) => {
  const members = await membersOf(bytes, output.limits.unpacked);
  for (const member of members.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    output.page();
    await readPart(member, output);
  }
};
