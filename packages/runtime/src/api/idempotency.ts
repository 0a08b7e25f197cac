import { hash } from "node:crypto";
import { headers } from "@muxi/protocol";
import type { Idempotency } from "../store/index.ts";
import type { Matched } from "./received.ts";

const longestKey = 200;
/** Characters from which a text stands for itself by its hash: a file, which would be copied to be written as JSON. */
const longText = 64 * 1024;

const digest = (text: string): string => hash("sha256", text, "base64url");

const shortened = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.length > longText ? digest(value) : value;

/**
 * The idempotency key of a call (docs/spec/formation-api.md "Idempotency"), which is valid for one path and user.
 */
export const idempotencyOf = ({ method, path, headers: sent, body }: Matched): Idempotency | undefined => {
  const key = sent[headers.idempotencyKey];
  if (typeof key !== "string" || key === "") return undefined;
  return {
    key: `${method} ${path} ${key.slice(0, longestKey)}`,
    hash: digest(JSON.stringify(body ?? null, shortened)),
  };
};
