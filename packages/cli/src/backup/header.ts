import { randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import * as z from "zod";

/** What every backup begins with. */
export const magic = Buffer.from("MUXI-BACKUP\n");
/** Bytes of a header at most. */
export const longestHeader = 64 * 1024;
/** Bytes of text in a chunk at most. */
export const chunkBytes = 1024 * 1024;
export const tagBytes = 16;

/** What a backup says of itself, unencrypted (docs/spec/cli.md "Format of a backup"). */
export const headerSchema = z.object({
  version: z.literal(1),
  formation_id: z.string().min(1).max(200),
  /** Whether it is of a folder, or of a formation on a server. */
  origin: z.enum(["draft", "deployed"]),
  created_at: z.iso.datetime(),
  cipher: z.literal("aes-256-gcm"),
  // Limits: a header that others wrote decides how much memory and time the key takes.
  kdf: z.object({
    name: z.literal("scrypt"),
    n: z.literal([2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18]),
    r: z.literal(8),
    p: z.int().min(1).max(4),
    salt: z.base64().length(44),
  }),
});

export type Header = z.infer<typeof headerSchema>;

export const newHeader = (about: Pick<Header, "formation_id" | "origin">): Header => ({
  version: 1,
  ...about,
  created_at: new Date().toISOString(),
  cipher: "aes-256-gcm",
  kdf: { name: "scrypt", n: 2 ** 17, r: 8, p: 1, salt: randomBytes(32).toString("base64") },
});

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);

/** The key of a backup. The salt is new for each, and so no nonce is ever used twice with a key. */
export const keyOf = ({ kdf: { n, r, p, salt } }: Header, passphrase: string): Promise<Buffer> =>
  derive(passphrase.normalize("NFC"), Buffer.from(salt, "base64"), 32, { N: n, r, p, maxmem: 256 * n * r });

/** The number of a chunk, and whether it is the last: chunks can be neither left out, nor exchanged, nor cut off. */
export const nonceOf = (chunk: number, isLast: boolean): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(chunk, 4, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
};
