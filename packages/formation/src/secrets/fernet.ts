import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** A key or token that cannot be used. The message never contains content. */
export class FernetError extends Error {
  override readonly name = "FernetError";
}

const version = 0x80;
const headerLength = 1 + 8 + 16;
const macLength = 32;

const toBase64Url = (bytes: Buffer): string =>
  bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");

const fromBase64Url = (text: string, what: string): Buffer => {
  // Buffer.from would skip invalid characters.
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) throw new FernetError(`the ${what} is not URL-safe Base64`);
  return Buffer.from(text, "base64url");
};

/** A new key: 44 characters of URL-safe Base64. */
export const newFernetKey = (): string => toBase64Url(randomBytes(32));

/**
 * Reads a key of 44 Base64 characters, or of 64 hexadecimal digits as older tools wrote it
 * (docs/spec/formation-files.md "Secret files").
 */
const parseKey = (text: string): { signing: Buffer; encryption: Buffer } => {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, "hex") : fromBase64Url(trimmed, "key");
  if (key.length !== 32) throw new FernetError("the key is not 32 bytes long");
  return { signing: key.subarray(0, 16), encryption: key.subarray(16) };
};

const sign = (key: Buffer, bytes: Buffer): Buffer => createHmac("sha256", key).update(bytes).digest();

export interface FernetEncryptOptions {
  /** Defaults to now. */
  now?: Date;
  /** 16 bytes, random unless given. */
  iv?: Buffer;
}

/**
 * Encrypts text as a Fernet token (docs/spec/formation-files.md "Secret files"; https://github.com/fernet/spec).
 *
 * @throws FernetError when the key is malformed.
 */
export const encryptFernet = (key: string, text: string, options: FernetEncryptOptions = {}): string => {
  const { signing, encryption } = parseKey(key);
  const { now = new Date(), iv = randomBytes(16) } = options;
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.floor(now.getTime() / 1000)));
  const cipher = createCipheriv("aes-128-cbc", encryption, iv);
  const body = Buffer.concat([Buffer.of(version), time, iv, cipher.update(text, "utf8"), cipher.final()]);
  return toBase64Url(Buffer.concat([body, sign(signing, body)]));
};

/**
 * Decrypts a Fernet token of any age.
 *
 * @throws FernetError when the key or the token is malformed, or the token was not made with this key.
 */
export const decryptFernet = (key: string, token: string): string => {
  const { signing, encryption } = parseKey(key);
  const bytes = fromBase64Url(token.trim(), "token");
  const body = bytes.subarray(0, -macLength);
  if (bytes.length < headerLength + macLength || bytes[0] !== version) {
    throw new FernetError("it is not a Fernet token");
  }
  if (!timingSafeEqual(sign(signing, body), bytes.subarray(-macLength))) {
    throw new FernetError("it was changed, or made with another key");
  }
  const decipher = createDecipheriv("aes-128-cbc", encryption, body.subarray(9, headerLength));
  try {
    return Buffer.concat([decipher.update(body.subarray(headerLength)), decipher.final()]).toString("utf8");
  } catch (error) {
    throw new FernetError("its content is damaged", { cause: error });
  }
};
