import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  accessKey,
  account,
  bearsTokenOf,
  isSignedBy,
  isSignedForAzure,
  serveBucket,
} from "./bucket-server.ts";
import { openKnowing, syncAgain, writeKnowing } from "./elsewhere.ts";
import { startWebServer } from "./web-server.ts";

const handbook = () =>
  new Map([
    ["guides/attic.md", "The attic is warm."],
    ["guides/a+b c'(ä)!&.md", "The barn is red."],
    ["guides/deep/cellar.txt", "The cellar is cold."],
    ["guides/../../etc/passwd.md", "The root is elsewhere."],
    ["guides/plan.bin", "The plan is binary."],
    ["guides-of-others/dome.md", "The dome is high."],
  ]);

const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const email = "reader@orchard.iam.gserviceaccount.com";
const credentials = JSON.stringify({ type: "service_account", client_email: email, private_key: privateKey });

const s3Auth = `access_key_id: ${accessKey.id}, secret_access_key: "${accessKey.secret}"`;
const azureAuth = `account_name: ${account.name}, account_key: "${account.key}"`;

test.each([
  ["S3", "s3", "s3", `auth: { ${s3Auth} }, region: eu-west-1`, isSignedBy(accessKey, "eu-west-1")],
  ["Google", "gs", "s3", `auth: { credentials_json: '${credentials}' }`, bearsTokenOf(publicKey, email)],
  ["Google with keys of S3", "gs", "s3", `auth: { ${s3Auth} }`, isSignedBy(accessKey, "auto")],
  ["Azure", "az", "az", `auth: { ${azureAuth} }`, isSignedForAzure(account)],
  ["S3 that anybody may read", "s3", "s3", "id: open", () => true],
] as const)(
  "documents of a bucket are found, and only what has changed is fetched again: %s",
  async (_, scheme, kind, settings, isAllowed) => {
    const objects = handbook();
    const bucket = await serveBucket(objects, kind, isAllowed);
    const opened = await openKnowing(
      await writeKnowing([`url: "${scheme}://handbook/guides", endpoint: "${bucket.url}", ${settings}`]),
    );
    expect(opened.warnings()).toEqual([]);
    expect((await opened.find("attic barn cellar root plan dome")).sort()).toEqual([
      "The attic is warm.",
      "The barn is red.",
      "The cellar is cold.",
    ]);
    expect(await opened.knowledge.search("one", "barn", { limit: 1 })).toMatchObject([
      { source: `${scheme}://handbook/guides/a+b c'(ä)!&.md` },
    ]);

    bucket.fetched.length = 0;
    objects.set("guides/attic.md", "The attic is cool.");
    objects.delete("guides/deep/cellar.txt");
    expect(await syncAgain(opened)).toMatchObject({ read: 1, gone: 1 });
    expect(bucket.fetched).toEqual(["guides/attic.md"]);
  },
);

test.each([
  ["s3://handbook/guides/a*.md", ["The attic is warm.", "The barn is red."]],
  ["s3://handbook/guides/**/*.txt", ["The cellar is cold."]],
  ["s3://handbook/guides/attic.md", ["The attic is warm."]],
  ["s3://handbook/*/deep/**", ["The cellar is cold."]],
])("a pattern and a name choose documents: %s", async (url, found) => {
  const bucket = await serveBucket(handbook(), "s3");
  const opened = await openKnowing(await writeKnowing([`url: "${url}", endpoint: "${bucket.url}"`]));
  expect((await opened.find("attic barn cellar root plan dome")).sort()).toEqual(found);
});

test("a connection string names the account, its place and its key, or a signature in the address", async () => {
  const signed = await serveBucket(handbook(), "az", isSignedForAzure(account));
  const shared = await serveBucket(handbook(), "az", ({ url }) => /[?&]sig=abc%3D(?:&|$)/.test(url ?? ""));
  for (const connection of [
    `AccountName=${account.name};AccountKey=${account.key};BlobEndpoint=${signed.url}/`,
    `BlobEndpoint=${shared.url};SharedAccessSignature=sv=2021-08-06&sig=abc%3D`,
  ]) {
    const opened = await openKnowing(
      await writeKnowing([`url: "az://handbook/guides", auth: { connection_string: "${connection}" }`]),
    );
    expect(await opened.find("attic")).toEqual(["The attic is warm."]);
  }
});

test.each([
  [
    "s3://handbook",
    `auth: { access_key_id: ${accessKey.id}, secret_access_key: wrong }`,
    "s3://handbook: the server answered 403: check auth of the source",
  ],
  ["s3://nothing", `auth: { ${s3Auth} }`, "s3://nothing: there is no such bucket"],
  [
    "gs://handbook",
    "auth: { credentials_json: '{}' }",
    "auth.credentials_json is not the key of a service account, as Google gives it",
  ],
  [
    "gs://handbook",
    `auth: { credentials_json: '{"client_email":"a","private_key":"b"}' }`,
    "auth.credentials_json is not the key of a service account, as Google gives it",
  ],
  [
    "az://handbook",
    'auth: { connection_string: "AccountKey=abc" }',
    "auth.connection_string names neither an AccountName nor a BlobEndpoint",
  ],
])("what cannot be read is said, without a secret: %s with %s", async (url, settings, failure) => {
  const bucket = await serveBucket(handbook(), "s3", isSignedBy(accessKey, "us-east-1"));
  const opened = await openKnowing(
    await writeKnowing([`url: "${url}", endpoint: "${bucket.url}", retry: { max_attempts: 1 }, ${settings}`]),
  );
  expect(await syncAgain(opened)).toMatchObject({ failure });
  expect(JSON.stringify(opened.lines)).not.toContain(accessKey.secret);
});

test("a bucket in another region is named with its own", async () => {
  const server = await startWebServer({}, (_, response) => {
    response.writeHead(301, { "x-amz-bucket-region": "eu-central-1" }).end();
  });
  const opened = await openKnowing(
    await writeKnowing([`url: "s3://handbook", endpoint: "${server.url}", auth: { ${s3Auth} }`]),
  );
  expect(await syncAgain(opened)).toMatchObject({
    failure:
      "s3://handbook: the server answered 301: the bucket is in another region, perhaps eu-central-1: write it as region of the source",
  });
});

test("a large object is left out by its name, and signatures go to no other server", async () => {
  const told: (string | undefined)[] = [];

  const other = await startWebServer({}, ({ headers }, response) => {
    told.push(headers.authorization);
    response.end("Elsewhere.");
  });
  const objects = new Map([
    ["large.md", "x".repeat(2_000)],
    ["led.md", "Led."],
  ]);
  const bucket = await serveBucket(objects, "s3");
  const front = await startWebServer({}, async (request, response) => {
    if (request.url?.includes("led.md"))
      return response.writeHead(302, { location: `${other.url}/led.md` }).end();
    response.end(await (await fetch(`${bucket.url}${request.url}`)).text());
  });
  const opened = await openKnowing(
    await writeKnowing([
      `url: "s3://handbook", endpoint: "${front.url}", max_file_size: 1000, auth: { ${s3Auth} }`,
    ]),
  );
  expect(opened.warnings()).toMatchObject([{ source: "s3://handbook/large.md", code: "too_large" }]);
  expect(await opened.find("elsewhere")).toEqual(["Elsewhere."]);
  expect(told).toEqual([undefined]);
});
