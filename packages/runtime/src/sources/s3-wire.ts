import { AwsV4Signer } from "aws4fetch";
import { type BucketWire, elementIn, elementsIn, pathOfKey } from "./bucket-wire.ts";

/** What signs requests to S3. */
export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  region: string;
}

/** Headers of requests that the keys sign. */
export const signedBy =
  (keys: S3Keys): BucketWire["headersOf"] =>
  async (url) => {
    const { headers } = await new AwsV4Signer({
      ...keys,
      url: url.href,
      method: "GET",
      service: "s3",
    }).sign();
    return Object.fromEntries(headers);
  };

/** Amazon S3, and what speaks like it. */
export const s3Wire = (endpoint: string, bucket: string, headersOf: BucketWire["headersOf"]): BucketWire => {
  const base = `${endpoint.replace(/\/+$/, "")}/${bucket}`;
  return {
    listUrl(prefix, after) {
      const url = new URL(base);
      url.searchParams.set("list-type", "2");
      url.searchParams.set("encoding-type", "url");
      if (prefix !== "") url.searchParams.set("prefix", prefix);
      if (after !== undefined) url.searchParams.set("continuation-token", after);
      return url;
    },
    readList(text) {
      const isEncoded = elementIn(text, "EncodingType") === "url";
      const keyOf = (written: string) =>
        isEncoded ? decodeURIComponent(written.replaceAll("+", "%20")) : written;
      return {
        objects: elementsIn(text, "Contents").map((each) => ({
          key: keyOf(elementIn(each, "Key") ?? ""),
          etag: elementIn(each, "ETag") ?? "",
          lastModified: elementIn(each, "LastModified") ?? "",
          size: Number(elementIn(each, "Size")),
        })),
        next:
          elementIn(text, "IsTruncated") === "true" ? elementIn(text, "NextContinuationToken") : undefined,
      };
    },
    objectUrl: (key) => new URL(`${base}/${pathOfKey(key)}`),
    headersOf,
  };
};
