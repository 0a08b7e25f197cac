import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export interface Credentials {
  key: string;
  secret: string;
  /** Seconds by which a request's timestamp may differ from the server's clock, either way. */
  toleranceSeconds: number;
}

export interface SignedRequest {
  method: string;
  /** Request target as it was sent, with escapes and query. */
  url: string;
  authorization: string | undefined;
  /** Unix milliseconds. */
  now: number;
}

const scheme = "MUXI-HMAC ";

/** Compares in constant time. Digests have the same length, whatever is compared. */
const equal = (left: string, right: string): boolean =>
  timingSafeEqual(createHash("sha256").update(left).digest(), createHash("sha256").update(right).digest());

/** The path that is signed: percent-decoded, without the query (docs/spec/server-api.md "HMAC authentication"). */
const signedPath = (url: string): string | undefined => {
  const query = url.indexOf("?");
  try {
    return decodeURIComponent(query === -1 ? url : url.slice(0, query));
  } catch {
    return undefined; // A stray `%`: no client can have signed it.
  }
};

const parseHeader = (header: string): { key: string; timestamp: string; signature: string } | undefined => {
  if (!header.startsWith(scheme)) return undefined;
  const fields = new Map<string, string>();
  for (const pair of header.slice(scheme.length).split(", ")) {
    // Split at the first `=` only: Base64 padding belongs to the value.
    const at = pair.indexOf("=");
    if (at < 1 || fields.has(pair.slice(0, at))) return undefined;
    fields.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const [key, timestamp, signature] = [fields.get("key"), fields.get("timestamp"), fields.get("signature")];
  return key && timestamp && signature ? { key, timestamp, signature } : undefined;
};

/** Base64 HMAC-SHA256 of `timestamp;METHOD;path` (docs/spec/server-api.md "HMAC authentication"). */
export const sign = (secret: string, timestamp: string, method: string, path: string): string =>
  createHmac("sha256", secret).update(`${timestamp};${method};${path}`).digest("base64");

/**
 * Verifies a signed request in the order of docs/spec/server-api.md "Order of verification".
 *
 * @returns Why the request is refused, or undefined if it is accepted.
 */
export const refusal = (request: SignedRequest, credentials: Credentials): string | undefined => {
  if (!request.authorization) return "Missing authorization header";
  const fields = parseHeader(request.authorization);
  if (!fields) return "Invalid authorization header format";
  if (!equal(fields.key, credentials.key)) return "Invalid key";
  const age = /^\d{1,15}$/.test(fields.timestamp)
    ? Math.abs(Math.floor(request.now / 1000) - Number(fields.timestamp))
    : Number.POSITIVE_INFINITY;
  if (age > credentials.toleranceSeconds) return "Request expired (timestamp too old or in future)";
  const path = signedPath(request.url);
  const valid =
    path !== undefined &&
    equal(fields.signature, sign(credentials.secret, fields.timestamp, request.method, path));
  return valid ? undefined : "Invalid signature";
};
