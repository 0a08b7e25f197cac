import { createHmac } from "node:crypto";
import type { KnowledgeSource } from "@muxi/formation";
import { type BucketWire, elementIn, elementsIn, pathOfKey } from "./bucket-wire.ts";
import { SourceError } from "./source.ts";

const version = "2021-08-06";

interface Account {
  name: string;
  /** Undefined where anybody may read, or the address says who does. */
  key: string | undefined;
  endpoint: string;
  /** What a shared access signature adds to each address. */
  signature: string;
}

/** `Name=value;Name=value`, of which values may have `=`. */
const settingsIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(";").map((part) => {
      const at = part.indexOf("=");
      return [part.slice(0, at).trim(), part.slice(at + 1)];
    }),
  );

const accountOf = ({ auth = {}, endpoint }: Pick<KnowledgeSource, "auth" | "endpoint">): Account => {
  const settings = settingsIn(auth.connection_string ?? "");
  const name = settings.get("AccountName") ?? auth.account_name ?? "";
  const suffix = settings.get("EndpointSuffix") ?? "core.windows.net";
  const usual = settings.get("BlobEndpoint") ?? `https://${name}.blob.${suffix}`;
  if (name === "" && !settings.has("BlobEndpoint")) {
    throw new SourceError("auth.connection_string names neither an AccountName nor a BlobEndpoint");
  }
  return {
    name,
    key: settings.get("AccountKey") ?? auth.account_key,
    endpoint: (endpoint ?? usual).replace(/\/+$/, ""),
    signature: settings.get("SharedAccessSignature") ?? "",
  };
};

const signatureOf = (url: URL, date: string, { name, key = "" }: Account): string => {
  const parameters = [...url.searchParams]
    .map(([parameter, value]) => `\n${parameter.toLowerCase()}:${value}`)
    .sort();
  // The verb and the headers of a request without any of those that are signed, of which there are eleven.
  const text = [
    `GET${"\n".repeat(12)}x-ms-date:${date}`,
    `x-ms-version:${version}`,
    `/${name}${url.pathname}${parameters.join("")}`,
  ].join("\n");
  return createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
};

/** Azure Blob Storage. @throws SourceError when its connection string names no account */
export const azureWire = (
  source: Pick<KnowledgeSource, "auth" | "endpoint">,
  container: string,
  now: () => number,
): BucketWire => {
  const account = accountOf(source);
  const base = `${account.endpoint}/${container}`;
  const addressed = (url: URL): URL => {
    for (const [name, value] of new URLSearchParams(account.signature)) url.searchParams.set(name, value);
    return url;
  };
  return {
    listUrl(prefix, after) {
      const url = new URL(base);
      url.searchParams.set("restype", "container");
      url.searchParams.set("comp", "list");
      if (prefix !== "") url.searchParams.set("prefix", prefix);
      if (after !== undefined) url.searchParams.set("marker", after);
      return addressed(url);
    },
    readList: (text) => ({
      objects: elementsIn(text, "Blob").map((each) => ({
        key: elementIn(each, "Name") ?? "",
        etag: elementIn(each, "Etag") ?? "",
        lastModified: elementIn(each, "Last-Modified") ?? "",
        size: Number(elementIn(each, "Content-Length")),
      })),
      next: elementIn(text, "NextMarker") || undefined,
    }),
    objectUrl: (key) => addressed(new URL(`${base}/${pathOfKey(key)}`)),
    headersOf(url) {
      const date = new Date(now()).toUTCString();
      return {
        "x-ms-date": date,
        "x-ms-version": version,
        ...(account.key !== undefined && {
          authorization: `SharedKey ${account.name}:${signatureOf(url, date, account)}`,
        }),
      };
    },
  };
};
