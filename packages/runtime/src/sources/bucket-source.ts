import path from "node:path";
import { formatOf } from "@muxi/documents";
import type { BucketKind, Environment, SourceUrl } from "@muxi/formation";
import { azureWire } from "./azure-wire.ts";
import { type BucketObject, type BucketWire, hasAddress } from "./bucket-wire.ts";
import { googleTokens } from "./google-token.ts";
import type { ConfiguredSource } from "./http-source.ts";
import { createRequester, type RequesterDeps, saveBody, TooLargeError, textOfBody } from "./request.ts";
import { s3Wire, signedBy } from "./s3-wire.ts";
import { documentFilter, tooLargeFor } from "./selection.ts";
import { shownPath } from "./shown-address.ts";
import { checkListed, type DocumentElsewhere, type SourceElsewhere, SourceError } from "./source.ts";

/** Most bytes of a page of a list, and how many pages a sync reads. */
const largestListing = 10 * 2 ** 20;
const mostListings = 200;

export interface BucketDeps extends Pick<RequesterDeps, "policy" | "proxy" | "now"> {
  env: Environment;
}

const unsigned: BucketWire["headersOf"] = () => ({});

const s3WireOf = (
  { auth, region, endpoint }: ConfiguredSource,
  bucket: string,
  env: Environment,
): BucketWire => {
  // Those of this machine are for Amazon, and for nobody else.
  const ofMachine = endpoint === undefined && {
    access_key_id: env.AWS_ACCESS_KEY_ID,
    secret_access_key: env.AWS_SECRET_ACCESS_KEY,
    session_token: env.AWS_SESSION_TOKEN,
  };
  const { access_key_id, secret_access_key, session_token } = auth ?? (ofMachine || {});
  const where = region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "us-east-1";
  const headersOf =
    access_key_id && secret_access_key
      ? signedBy({
          accessKeyId: access_key_id,
          secretAccessKey: secret_access_key,
          ...(session_token !== undefined && { sessionToken: session_token }),
          region: where,
        })
      : unsigned;
  return s3Wire(endpoint ?? `https://s3.${where}.amazonaws.com`, bucket, headersOf);
};

const googleWireOf = (
  { auth: { access_key_id, secret_access_key, credentials_json } = {}, endpoint }: ConfiguredSource,
  bucket: string,
  now: () => number,
): BucketWire => {
  const signing = () => {
    if (credentials_json !== undefined) {
      const token = googleTokens(credentials_json, now);
      return () => ({ authorization: `Bearer ${token()}` });
    }
    if (access_key_id === undefined || secret_access_key === undefined) return unsigned;
    return signedBy({ accessKeyId: access_key_id, secretAccessKey: secret_access_key, region: "auto" });
  };
  // It speaks like S3 too.
  return s3Wire(endpoint ?? "https://storage.googleapis.com", bucket, signing());
};

/**
 * Documents of a bucket (docs/spec/formation-files.md "Sources elsewhere"): those whose names begin with a folder, or are one
 * name. The list says what has changed.
 *
 * @throws SourceError when its `auth` cannot be used
 */
export const createBucketSource = (
  source: ConfiguredSource,
  { kind, base: bucket, within = "", pattern }: SourceUrl & { kind: BucketKind },
  { env, ...deps }: BucketDeps,
): SourceElsewhere => {
  const shownBucket = `${kind}://${bucket}`;
  const wire =
    kind === "az"
      ? azureWire(source, bucket, deps.now)
      : kind === "gs"
        ? googleWireOf(source, bucket, deps.now)
        : s3WireOf(source, bucket, env);
  const requester = createRequester({
    ...deps,
    headersOf: wire.headersOf,
    origin: wire.listUrl("", undefined).origin,
    shownAddress: () => shownBucket,
  });
  // What has the ending of a document may be one, or a folder.
  const prefix = within === "" || formatOf(within) ? within : `${within}/`;
  const isWanted = documentFilter(source, pattern);

  const page = async (after: string | undefined, signal: AbortSignal) => {
    const opened = await requester.open(wire.listUrl(prefix, after), {}, signal);
    if (opened.status !== 200) {
      opened.body.destroy();
      throw new SourceError(`${shownBucket}: there is no such bucket`);
    }
    try {
      return wire.readList(await textOfBody(opened, largestListing, signal));
    } catch (error) {
      if (error instanceof TooLargeError || error instanceof URIError) {
        throw new SourceError(`${shownBucket}: its list of documents cannot be read`);
      }
      throw error;
    }
  };

  /** What a key is called below the address of the source; undefined for one that only begins alike. */
  const nameOf = (key: string): string | undefined => {
    if (within === "") return key;
    if (key === within) return path.posix.basename(key);
    return key.startsWith(`${within}/`) ? key.slice(within.length + 1) : undefined;
  };

  const isDocument = ({ key }: BucketObject): boolean => {
    const name = nameOf(key);
    return name !== undefined && name !== "" && hasAddress(key) && isWanted(key, name);
  };

  const documentOf = ({ key, etag, lastModified, size }: BucketObject): DocumentElsewhere => ({
    name: `${shownBucket}/${shownPath(key)}`,
    async fetch(file, known, signal) {
      if (known?.etag === etag && known.lastModified === lastModified) return { kind: "same" };
      if (size > source.max_file_size) return tooLargeFor(source);
      const format = formatOf(key);
      if (!format) throw new Error(`${key} has no format`);
      const opened = await requester.open(wire.objectUrl(key), {}, signal);
      if (opened.status !== 200) {
        opened.body.destroy();
        return { kind: "gone" };
      }
      try {
        const read = await saveBody(opened, file, source.max_file_size, signal);
        return { kind: "new", format, version: { etag, lastModified, size: read } };
      } catch (error) {
        if (error instanceof TooLargeError) return tooLargeFor(source);
        throw error;
      }
    },
  });

  return {
    async list(signal) {
      const found: BucketObject[] = [];
      let after: string | undefined;
      for (let pages = 1; ; pages += 1) {
        const { objects, next } = await page(after, signal);
        found.push(...objects.filter(isDocument));
        checkListed(found.length);
        if (next === undefined) return found.map(documentOf);
        if (pages === mostListings)
          throw new SourceError(`${shownBucket}: it has too many documents: name a part of them`);
        after = next;
      }
    },
    close: requester.close,
  };
};
