import { ConfigurationError } from "../errors/index.ts";

/** Signs requests of the server API (docs/spec/server-api.md "HMAC authentication"). */
export interface Signer {
  /**
   * Makes the `Authorization` header of one attempt.
   *
   * @param path Path of the URL, encoded as it is sent and without the query.
   * @param now Unix milliseconds.
   */
  authorization(method: string, path: string, now: number): Promise<string>;
}

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

export const createSigner = (keyId: string, secretKey: string): Signer => {
  const encoder = new TextEncoder();
  let key: Promise<CryptoKey> | undefined;
  const importKey = () => {
    if (crypto.subtle === undefined) {
      throw new ConfigurationError(
        "secretKey",
        "cannot be used here: browsers sign only on pages loaded over HTTPS",
      );
    }
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    return crypto.subtle.importKey("raw", encoder.encode(secretKey), algorithm, false, ["sign"]);
  };
  return {
    async authorization(method, path, now) {
      key ??= importKey();
      const timestamp = Math.floor(now / 1000);
      const message = `${timestamp};${method};${decodeURIComponent(path)}`;
      const signature = await crypto.subtle.sign("HMAC", await key, encoder.encode(message));
      return `MUXI-HMAC key=${keyId}, timestamp=${timestamp}, signature=${base64(signature)}`;
    },
  };
};
