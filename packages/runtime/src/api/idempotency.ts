import { hash } from "node:crypto";
import { headers } from "@muxi/protocol";
import type { Idempotency } from "../store/index.ts";
import type { Matched } from "./received.ts";

const longestKey = 200;

/**
 * The idempotency key of a call (docs/spec/formation-api.md "Idempotency"), which is valid for one path and user.
 */
export const idempotencyOf = ({ method, path, headers: sent, body }: Matched): Idempotency | undefined => {
  const key = sent[headers.idempotencyKey];
  if (typeof key !== "string" || key === "") return undefined;
  return {
    key: `${method} ${path} ${key.slice(0, longestKey)}`,
    hash: hash("sha256", JSON.stringify(body ?? null), "base64url"),
  };
};
