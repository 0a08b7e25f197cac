import { execFileSync } from "node:child_process";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import {
  bundle,
  call,
  deployBundle,
  expectStatus,
  formationFolder,
  manifestOf,
  tar,
  updateBundle,
} from "./bundles.ts";
import { startTestServer, type TestServer } from "./helpers.ts";

const next = { version: "2.0.0" };
const manifest = manifestOf("my-bot", "2.0.0");

/** A tar written block by block, for what `tar` would not make. */
const header = (name: string, size: number, type: string, link = ""): Buffer => {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write("0000644\0", 100);
  block.write("0000000\0", 108);
  block.write("0000000\0", 116);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("        ", 148);
  block.write(type, 156);
  block.write(link, 157);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
};

const entry = (name: string, content: string): Buffer => {
  const padding = (512 - (content.length % 512)) % 512;
  return Buffer.concat([header(name, content.length, "0"), Buffer.from(content), Buffer.alloc(padding)]);
};

/** The manifest, and beside it what is given. */
const archive = (...blocks: Buffer[]): Buffer =>
  gzipSync(Buffer.concat([entry("my-bot/formation.afs", manifest), ...blocks, Buffer.alloc(1024)]));

const megabyte = 1024 * 1024;

/** Gzip members one after the other are one stream: much that is small on the wire and quick to make. */
const repeated = (start: Buffer, times: number, content: Buffer): Buffer => {
  const member = gzipSync(content, { level: 1 });
  return Buffer.concat([gzipSync(start), ...Array.from({ length: times }, () => member)]);
};

/** 10 GB of zeros, all of them there. */
const zeros = (): Buffer => {
  const file = (name: string): Buffer =>
    repeated(header(name, 5 * 1024 * megabyte, "0"), 80, Buffer.alloc(64 * megabyte));
  return Buffer.concat([
    gzipSync(entry("my-bot/formation.afs", manifest)),
    file("my-bot/zeros-1"),
    file("my-bot/zeros-2"),
  ]);
};

/** One that would be small enough, but for how it was compressed. */
const bomb = (): Buffer => archive(header("my-bot/zeros", 128 * megabyte, "0"), Buffer.alloc(128 * megabyte));

/** A million entries. */
const many = (): Buffer =>
  repeated(
    entry("my-bot/formation.afs", manifest),
    100,
    Buffer.alloc(10_000 * 512, header("my-bot/x", 0, "0")),
  );

const secret = manifest.replace("fmc_0123456789abcdef", '"${{  secrets.CLIENT_KEY  }}"');

const twoRoots = async (): Promise<Buffer> => {
  const parent = await formationFolder({ version: "2.0.0" });
  execFileSync("mkdir", [join(parent, "other")]);
  return tar(parent, "my-bot", "other");
};

const cases: [name: string, make: () => Buffer | Promise<Buffer>, status: number, cause: RegExp][] = [
  ["zip-slip", () => archive(entry("my-bot/../../evil", "x")), 400, /my-bot\/\.\.\/\.\.\/evil.*leads out/],
  ["an absolute path", () => archive(entry("/tmp/evil", "x")), 400, /absolute path.*\/tmp\/evil/],
  [
    "a link out",
    () => archive(header("my-bot/l", 0, "2", "../../etc")),
    400,
    /link my-bot\/l to \.\.\/\.\.\/etc/,
  ],
  [
    "a link to an absolute path",
    () => archive(header("my-bot/l", 0, "2", "/etc")),
    400,
    /link my-bot\/l to \/etc/,
  ],
  ["a hard link out", () => archive(header("my-bot/l", 0, "1", "../x")), 400, /leads out/],
  ["a device node", () => archive(header("my-bot/sda", 0, "4")), 400, /my-bot\/sda.*BlockDevice/],
  ["10 GB of zeros", zeros, 413, /when unpacked/],
  ["a compression bomb", bomb, 413, /times its size/],
  ["a million entries", many, 413, /more than 2000 entries/],
  ["a truncated gzip", async () => (await bundle(next)).subarray(0, 200), 400, /not a complete tar\.gz/],
  [
    "a truncated tar",
    () => gzipSync(entry("my-bot/a", "x".repeat(5000)).subarray(0, 1024)),
    400,
    /Truncated|truncated/,
  ],
  ["no gzip", () => Buffer.from("hello"), 400, /not a complete tar\.gz/],
  ["no tar", () => gzipSync("x".repeat(5000)), 400, /not a complete tar/],
  ["a second compression", () => gzipSync(archive()), 400, /compressed twice/],
  ["nothing", () => gzipSync(Buffer.alloc(1024)), 400, /not a complete tar/],
  ["no body", () => Buffer.alloc(0), 400, /no body|is empty/],
  ["another id", () => bundle({ ...next, id: "other-bot" }), 400, /'other-bot'.*'my-bot'/],
  ["another version", () => bundle({ version: "2.0.1" }), 400, /2\.0\.1.*2\.0\.0/],
  ["missing secrets", () => bundle({ manifest: secret }), 400, /CLIENT_KEY/],
  ["two roots", twoRoots, 400, /single folder.*my-bot.*other/],
  ["no root", async () => tar(join(await formationFolder(next), "my-bot"), "."), 400, /single folder/],
  [
    "no manifest",
    () => gzipSync(Buffer.concat([entry("my-bot/a", "x"), Buffer.alloc(1024)])),
    400,
    /formation\.afs/,
  ],
  ["a manifest that is no YAML", () => bundle({ manifest: "id: [" }), 400, /not valid YAML/],
];

const contents = async ({ data }: TestServer): Promise<string[]> => {
  const names = await readdir(data, { recursive: true });
  return names.filter((name) => !/^(registry\.json|logs|pids)/.test(name)).sort();
};

it("refuses hostile bundles by name, leaves nothing of them, and goes on serving", {
  timeout: 120_000,
}, async () => {
  const server = await startTestServer({ formations: { bundle: { maxEntries: 2_000 } } });
  expectStatus(await deployBundle(server.url, await bundle()), 201);
  const before = await contents(server);
  for (const [name, make, status, cause] of cases) {
    const hostile = await make();
    const update = await updateBundle(server.url, hostile, next);
    expect(update.status, `${name}: ${JSON.stringify(update.body)}`).toBe(status);
    expect(update.body.message, name).toMatch(cause);
    expect(update.body.message, name).not.toContain(server.data);
    expect(await contents(server), name).toEqual(before);
    expect((await fetch(`${server.url}/api/my-bot/v1/health`)).status, name).toBe(200);
  }
  expect((await call(server.url, "GET", "/rpc/formations/my-bot")).body.data.version.semantic).toBe("1.0.0");
});

it("refuses them just so when the formation is new", async () => {
  const server = await startTestServer();
  const before = await contents(server);
  for (const [name, make, status, cause] of cases.slice(0, 6)) {
    const answer = await deployBundle(server.url, await make(), next);
    expect(answer.status, name).toBe(status);
    expect(answer.body.message, name).toMatch(cause);
    expect(await contents(server), name).toEqual(before);
  }
  expect(server.server).toBeDefined();
});

it("leaves out what a running formation keeps itself, says so, and takes a database when it is asked to", async () => {
  const { url, data } = await startTestServer();
  const generated = manifest.replace(/server:[\s\S]*/, "");
  const files = { ".keys.json": "{", "memory.db": "stale", "memory.db-wal": "stale" };
  const deployed = await deployBundle(url, await bundle({ manifest: generated, files }), next);
  expect(expectStatus(deployed, 201).body.data.left_out).toEqual(Object.keys(files));
  const current = join(data, "formations/my-bot/current");
  const keys = await readFile(join(current, ".keys.json"), "utf8");
  expect(JSON.parse(keys)).toMatchObject({ client_key: expect.stringMatching(/^fmc_/) });
  await writeFile(join(current, "memory.db"), "live");

  const again = await bundle({ manifest: `${generated}author: me\n`, files });
  const updated = await updateBundle(url, again, next);
  expect(expectStatus(updated, 200).body.data.left_out).toEqual(Object.keys(files));
  expect(await readFile(join(current, "memory.db"), "utf8")).toBe("live");
  expect(await readFile(join(current, ".keys.json"), "utf8")).toBe(keys);

  const meant = await bundle({ manifest: `${generated}author: you\n`, files: { "memory.db": "meant" } });
  const odd = await updateBundle(url, meant, { ...next, "x-muxi-include-db": "perhaps" });
  expect(expectStatus(odd, 400).body.message).toMatch(/X-Muxi-Include-DB is 'perhaps'/);
  const taken = await updateBundle(url, meant, { ...next, "x-muxi-include-db": "true" });
  expect(expectStatus(taken, 200).body.data.left_out).toBeUndefined();
  expect(await readFile(join(current, "memory.db"), "utf8")).toBe("meant");

  // Kept for the releases that use it, and no longer.
  const databases = async () =>
    (await readdir(join(data, "formations/my-bot/data"))).filter((name) => name.endsWith(".db")).sort();
  const bring = async (text: string) => {
    const files = { "memory.db": text };
    const brought = await bundle({ manifest: `${generated}author: ${text}\n`, files });
    expectStatus(await updateBundle(url, brought, { ...next, "x-muxi-include-db": "true" }), 200);
  };
  await bring("second");
  expect(await databases()).toEqual(["memory-3.db", "memory-4.db", "memory.db"]);
  const kept = await bundle({ manifest: `${generated}author: us\n` });
  expectStatus(await updateBundle(url, kept, next), 200);
  expect(await databases()).toEqual(["memory-4.db", "memory.db"]);
  expect(await readFile(join(current, "memory.db"), "utf8")).toBe("second");
});

it("takes what is only unusual: BOM, CRLF, ./ before each path, links inside, macOS's shadows", async () => {
  const server = await startTestServer();
  const parent = await formationFolder({
    manifest: `\ufeff${manifestOf("my-bot", "1.0.0").replaceAll("\n", "\r\n")}`,
  });
  execFileSync("ln", ["-s", "formation.afs", join(parent, "my-bot", "link")]);
  await appendFile(join(parent, "my-bot", "._formation.afs"), "shadow");
  expectStatus(await deployBundle(server.url, await tar(parent, "./my-bot")), 201);
  const files = await readdir(join(server.data, "formations/my-bot/current"));
  expect(files).toContain("formation.afs");
  expect(files).not.toContain("link");
  expect(files).not.toContain("._formation.afs");
});

it("checks the announced hash and the size, before and while a bundle comes", async () => {
  const server = await startTestServer({ formations: { bundle: { maxBytes: 2000 } } });
  const packed = await bundle();
  const wrong = await deployBundle(server.url, packed, { "x-muxi-content-sha256": "0".repeat(64) });
  expect(expectStatus(wrong, 400).body.message).toMatch(/SHA-256/);
  const { createHash } = await import("node:crypto");
  const sha256 = createHash("sha256").update(packed).digest("hex");
  expectStatus(await deployBundle(server.url, packed, { "x-muxi-content-sha256": sha256 }), 201);
  const large = Buffer.alloc(300_000, "x");
  expect(expectStatus(await updateBundle(server.url, large), 413).body.message).toMatch(/max_size/);
  const chunks = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const endless = fetch(`${server.url}/rpc/formations/my-bot`, {
    method: "PUT",
    body: chunks,
    duplex: "half",
  } as RequestInit);
  expect((await endless).status).toBe(413);
});

it("takes a manifest with a field twice, of which it was warned", async () => {
  const { url } = await startTestServer();
  const twice = `${manifestOf("my-bot", "1.0.0")}description: Again\n`;
  expectStatus(await deployBundle(url, await bundle({ manifest: twice })), 201);
});
