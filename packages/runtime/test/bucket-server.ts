// A bucket as three clouds serve it: it holds each request against its signature.
import { createHash, createHmac, createVerify } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { startWebServer } from "./web-server.ts";

export const accessKey = { id: "AKIAORCHARD", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
export const account = { name: "orchard", key: Buffer.from("a key of an account").toString("base64") };

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

const headerOf = ({ headers }: IncomingMessage, name: string): string => String(headers[name] ?? "");

/** Whether a request is signed by version 4 of Amazon's signatures. */
export const isSignedBy =
  ({ id, secret }: typeof accessKey, region: string) =>
  (request: IncomingMessage): boolean => {
    const [, credential = "", signed = "", signature = ""] =
      /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\S+)$/.exec(
        headerOf(request, "authorization"),
      ) ?? [];
    const [name, day = "", where, service = "", end] = credential.split("/");
    if (name !== id || where !== region || service !== "s3" || end !== "aws4_request") return false;
    const url = new URL(request.url ?? "", "http://localhost");
    const canonical = [
      request.method,
      url.pathname,
      [...url.searchParams]
        .map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
        .sort()
        .join("&"),
      ...signed.split(";").map((header) => `${header}:${headerOf(request, header)}`),
      "",
      signed,
      headerOf(request, "x-amz-content-sha256"),
    ].join("\n");
    const text = [
      "AWS4-HMAC-SHA256",
      headerOf(request, "x-amz-date"),
      `${day}/${region}/s3/aws4_request`,
      createHash("sha256").update(canonical).digest("hex"),
    ].join("\n");
    const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`);
    return hmac(key, text).toString("hex") === signature;
  };

/** Whether a request is signed by the key of an account of Azure. */
export const isSignedForAzure = ({ name, key }: typeof account) => {
  const secret = Buffer.from(key, "base64");
  return (request: IncomingMessage): boolean => {
    const url = new URL(request.url ?? "", "http://localhost");
    const own = ["x-ms-date", "x-ms-version"].map((header) => `${header}:${headerOf(request, header)}`);
    const parameters = [...url.searchParams].sort().map(([parameter, value]) => `${parameter}:${value}`);
    const resource = [`/${name}${url.pathname}`, ...parameters];
    const signed = ["GET", ...Array<string>(11).fill(""), ...own, ...resource].join("\n");
    return (
      headerOf(request, "authorization") === `SharedKey ${name}:${hmac(secret, signed).toString("base64")}`
    );
  };
};

/** Whether a request bears a token of Google that a key has signed. */
export const bearsTokenOf =
  (publicKey: string, email: string) =>
  (request: IncomingMessage): boolean => {
    const [head = "", claims = "", signature = ""] = headerOf(request, "authorization")
      .replace("Bearer ", "")
      .split(".");
    const { iss, aud } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}");
    const isGenuine = createVerify("sha256")
      .update(`${head}.${claims}`)
      .verify(publicKey, signature, "base64url");
    return isGenuine && iss === email && aud === "https://storage.googleapis.com/";
  };

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&#x27;");

/** So that a list has several pages. */
const objectsOfPage = 2;

/** Serves the objects of the bucket `handbook` to whoever may read them. */
export const serveBucket = async (
  objects: Map<string, string>,
  kind: "s3" | "az",
  isAllowed: (request: IncomingMessage) => boolean = () => true,
) => {
  const etagOf = (text: string) => createHash("md5").update(text).digest("hex");
  const fetched: string[] = [];

  const listed = (url: URL): string => {
    const prefix = url.searchParams.get("prefix") ?? "";
    const from = Number(url.searchParams.get(kind === "s3" ? "continuation-token" : "marker") ?? 0);
    const all = [...objects].filter(([key]) => key.startsWith(prefix)).sort();
    const page = all.slice(from, from + objectsOfPage);
    const next = from + objectsOfPage < all.length ? String(from + objectsOfPage) : "";
    const time = "Tue, 01 Dec 2026 10:00:00 GMT";
    if (kind === "az") {
      const blobs = page.map(
        ([key, text]) =>
          `<Blob><Name>${escaped(key)}</Name><Properties><Last-Modified>${time}</Last-Modified><Etag>0x${etagOf(text)}</Etag><Content-Length>${text.length}</Content-Length></Properties></Blob>`,
      );
      return `<EnumerationResults><Blobs>${blobs.join("")}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
    }
    const contents = page.map(
      ([key, text]) =>
        `<Contents><Key>${encodeURIComponent(key).replaceAll("%20", "+")}</Key><LastModified>${time}</LastModified><ETag>&quot;${etagOf(text)}&quot;</ETag><Size>${text.length}</Size></Contents>`,
    );
    const more = next === "" ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
    return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next !== ""}</IsTruncated>${more}${contents.join("")}</ListBucketResult>`;
  };

  const server = await startWebServer({}, (request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    const [bucket, key = ""] = url.pathname
      .slice(1)
      .split(/\/(.*)/s, 2)
      .map(decodeURIComponent);
    if (!isAllowed(request)) return response.writeHead(403).end();
    if (bucket !== "handbook") return response.writeHead(404).end();
    if (key === "") return response.end(listed(url));
    fetched.push(key);
    const text = objects.get(key);
    return text === undefined ? response.writeHead(404).end() : response.end(text);
  });
  return { url: server.url, fetched };
};
