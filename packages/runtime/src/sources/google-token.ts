import { sign } from "node:crypto";
import * as z from "zod";
import { parseObject } from "../base/index.ts";
import { SourceError } from "./source.ts";

const serviceAccount = z.object({
  client_email: z.string(),
  private_key: z.string(),
  private_key_id: z.string().optional(),
});

/** Seconds that a token is valid, and used. */
const validFor = 3_600;
const usedFor = 1_800;

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

/**
 * Tokens for Google Cloud Storage that the key of a service account signs itself: nobody is asked for them.
 *
 * @throws SourceError when it is no such key
 */
export const googleTokens = (credentials: string, now: () => number): (() => string) => {
  const { data: account } = serviceAccount.safeParse(parseObject(credentials));
  const refusal = new SourceError(
    "auth.credentials_json is not the key of a service account, as Google gives it",
  );
  if (!account) throw refusal;
  const { client_email: email, private_key: key, private_key_id: kid } = account;
  let made: { token: string; until: number } | undefined;
  return () => {
    const seconds = Math.floor(now() / 1000);
    if (made && seconds < made.until) return made.token;
    const head = encoded({ alg: "RS256", typ: "JWT", kid });
    const claims = encoded({
      iss: email,
      sub: email,
      aud: "https://storage.googleapis.com/",
      iat: seconds,
      exp: seconds + validFor,
    });
    try {
      const signature = sign("sha256", Buffer.from(`${head}.${claims}`), key).toString("base64url");
      made = { token: `${head}.${claims}.${signature}`, until: seconds + usedFor };
      return made.token;
    } catch {
      throw refusal;
    }
  };
};
