import { createHmac, timingSafeEqual } from "node:crypto";
import { parseJson } from "./json.ts";

/** What a link decides on. */
export interface LinkedInterrupt {
  requestId: string;
  interruptId: string;
}

/** A key of its own, so that no signature of a webhook is one of a link. */
const signatureOf = (secret: string, content: string): Buffer => {
  const key = createHmac("sha256", secret).update("approval link").digest();
  return createHmac("sha256", key).update(content).digest();
};

/**
 * The token by which a link opens (docs/spec/formation-api.md "Approval links").
 *
 * @param secret The admin key.
 */
export const approvalToken = (secret: string, { requestId, interruptId }: LinkedInterrupt): string => {
  const content = Buffer.from(JSON.stringify([requestId, interruptId])).toString("base64url");
  return `${content}.${signatureOf(secret, content).toString("base64url")}`;
};

/** What a token was made for; undefined for one that was not made with this secret. */
export const linkedBy = (secret: string, token: string): LinkedInterrupt | undefined => {
  const [content = "", signature = ""] = token.split(".", 2);
  const [wanted, given] = [signatureOf(secret, content), Buffer.from(signature, "base64url")];
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const parts = parseJson(Buffer.from(content, "base64url").toString());
  const [requestId, interruptId] = Array.isArray(parts) ? parts : [];
  return typeof requestId === "string" && typeof interruptId === "string"
    ? { requestId, interruptId }
    : undefined;
};
