import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ApiError, headers, type KeyClass } from "@muxi/protocol";
import type { KeyUsed } from "./request.ts";

export interface ApiKeys {
  clientKey: string;
  adminKey: string;
}

const digest = (key: string) => hash("sha256", key, "buffer");

const single = (value: string | string[] | undefined): string =>
  typeof value === "string" ? value.trim() : "";

const demanded: Record<Exclude<KeyClass, "none">, string> = {
  client: "the header X-Muxi-Client-Key",
  admin: "the header X-Muxi-Admin-Key",
  either: "X-Muxi-Client-Key or X-Muxi-Admin-Key",
};

/**
 * The check of contract/formation-api.md 2.1. Digests are compared, in constant time, so that neither a key's length
 * nor its first wrong letter shows.
 */
export const createKeyCheck = (keys: ApiKeys) => {
  const client = digest(keys.clientKey);
  const admin = digest(keys.adminKey);

  /** @throws ApiError `UNAUTHORIZED` */
  return (required: KeyClass, sent: IncomingHttpHeaders): KeyUsed => {
    if (required === "none") return "none";
    const matches = (header: string, key: Buffer) => timingSafeEqual(digest(single(sent[header])), key);
    if (required !== "client" && matches(headers.adminKey, admin)) return "admin";
    if (required !== "admin" && matches(headers.clientKey, client)) return "client";
    throw new ApiError(
      "UNAUTHORIZED",
      `Missing or wrong key: send the formation's key in ${demanded[required]}`,
    );
  };
};
