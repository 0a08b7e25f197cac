import { createDecipheriv } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { CliError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import {
  chunkBytes,
  type Header,
  headerSchema,
  keyOf,
  longestHeader,
  magic,
  nonceOf,
  tagBytes,
} from "./header.ts";

/** A backup that can be read. */
export interface SealedFile {
  header: Header;
  /**
   * What is in it, as far as it is certain: a chunk comes when its tag was checked.
   *
   * @throws CliError when the passphrase is wrong, or a part is damaged or missing.
   */
  content(passphrase: string): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

const damaged = (path: string, what: string): CliError =>
  new CliError(`The backup is damaged: ${path}`, {
    detail: [what],
    hint: "Nothing was changed. Use another backup",
  });

const readExactly = async (file: FileHandle, at: number, size: number): Promise<Buffer | undefined> => {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, at);
  return bytesRead === size ? buffer : undefined;
};

const headerOf = async (file: FileHandle, path: string): Promise<{ header: Header; text: Buffer }> => {
  const start = await readExactly(file, 0, magic.length + 4);
  if (!start?.subarray(0, magic.length).equals(magic)) {
    throw new CliError(`${path} is not a backup of muxi`, { hint: "Make one with: muxi backup" });
  }
  const size = start.readUInt32BE(magic.length);
  const text = size <= longestHeader ? await readExactly(file, magic.length + 4, size) : undefined;
  if (!text) throw damaged(path, "Its header is cut off");
  const value = parseJson(text.toString());
  const { data: header } = headerSchema.safeParse(value);
  if (header) return { header, text };
  if (typeof value === "object" && value !== null && "version" in value && value.version !== 1) {
    throw new CliError(`${path} was made by another version of muxi`, {
      detail: [`Its format is ${JSON.stringify(value.version)}, and this version reads 1`],
      hint: "Update muxi, or use the version that made it",
    });
  }
  throw damaged(path, "Its header cannot be read");
};

/** @throws CliError when it cannot be read, or is no backup. */
export const openSealed = async (path: string): Promise<SealedFile> => {
  const file = await open(path, "r").catch((error: Error) => {
    throw new CliError(`The backup cannot be read: ${path}`, { detail: [error.message], cause: error });
  });
  const { header, text } = await headerOf(file, path).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });

  const decrypted = (key: Buffer, sealed: Buffer, number: number, isLast: boolean): Buffer | undefined => {
    const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number, isLast), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(text);
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const chunk = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
    try {
      return Buffer.concat([chunk, decipher.final()]);
    } catch {
      return undefined; // The only thing that can fail here is the tag.
    }
  };

  return {
    header,
    async *content(passphrase) {
      const key = await keyOf(header, passphrase);
      const { size } = await file.stat();
      let at = magic.length + 4 + text.length;
      for (let number = 0; ; number += 1) {
        const length = (await readExactly(file, at, 4))?.readUInt32BE(0);
        if (length === undefined) throw damaged(path, "Its end is missing");
        if (length < tagBytes || length > chunkBytes + tagBytes)
          throw damaged(path, `Part ${number + 1} is damaged`);
        const sealed = await readExactly(file, at + 4, length);
        if (!sealed) throw damaged(path, "Its end is missing");
        at += 4 + length;
        const isLast = at === size;
        const chunk = decrypted(key, sealed, number, isLast);
        if (!chunk && number === 0 && !decrypted(key, sealed, number, !isLast)) {
          throw new CliError("The passphrase is wrong, or the backup is damaged", {
            detail: [path],
            hint: "Nothing was changed",
          });
        }
        if (!chunk) throw damaged(path, isLast ? "Its end is missing" : `Part ${number + 1} is damaged`);
        yield chunk;
        if (isLast) return;
      }
    },
    close: () => file.close(),
  };
};
