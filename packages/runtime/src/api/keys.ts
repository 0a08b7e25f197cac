import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ApiError, headers, type KeyClass } from "@muxi/protocol";
import type { KeyUsed } from "./received.ts";

export interface ApiKeys {
  clientKey: string;
  adminKey: string;
}

/** Compares with a key in constant time, which reveals neither its length nor the first wrong character. */
const comparisonWith = (key: string) => {
  const wanted = Buffer.from(key);
  const given = Buffer.alloc(wanted.length);
  return (sent: string): boolean => {
    given.fill(0);
    given.write(sent);
    const isSame = timingSafeEqual(given, wanted);
    return isSame && Buffer.byteLength(sent) === wanted.length;
  };
};

const single = (value: string | string[] | undefined): string =>
  typeof value === "string" ? value.trim() : "";

const demanded: Record<Exclude<KeyClass, "none">, string> = {
  client: "the header X-Muxi-Client-Key",
  admin: "the header X-Muxi-Admin-Key",
  either: "X-Muxi-Client-Key or X-Muxi-Admin-Key",
};

/** The check of docs/spec/formation-api.md "Keys". */
export const createKeyCheck = (keys: ApiKeys) => {
  const isClientKey = comparisonWith(keys.clientKey);
  const isAdminKey = comparisonWith(keys.adminKey);

  /** @throws ApiError `UNAUTHORIZED` */
  return (required: KeyClass, sent: IncomingHttpHeaders): KeyUsed => {
    if (required === "none") return "none";
    if (required !== "client" && isAdminKey(single(sent[headers.adminKey]))) return "admin";
    if (required !== "admin" && isClientKey(single(sent[headers.clientKey]))) return "client";
    throw new ApiError(
      "UNAUTHORIZED",
      `Missing or wrong key: send the formation's key in ${demanded[required]}`,
    );
  };
};
