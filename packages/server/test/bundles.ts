import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { temporaryFolder } from "./helpers.ts";

const run = promisify(execFile);

export interface BundleOptions {
  id?: string;
  version?: string;
  /** Files beside the manifest. */
  files?: Record<string, string>;
  /** The manifest's text in place of the usual one. */
  manifest?: string;
}

export const manifestOf = (id: string, version: string): string =>
  `# kept\nschema: "1.0.0"\nid: ${id}\ndescription: A formation of the tests\nversion: "${version}"\nllm:\n  models:\n    - text: builtin/extractive\nserver:\n  api_keys:\n    client_key: fmc_0123456789abcdef\n    admin_key: fma_0123456789abcdef\n`;

/** A folder `<id>/` with a formation in it; returns the folder that holds it. */
export const formationFolder = async (options: BundleOptions = {}): Promise<string> => {
  const { id = "my-bot", version = "1.0.0", files = {}, manifest = manifestOf(id, version) } = options;
  const parent = await temporaryFolder();
  await mkdir(join(parent, id));
  for (const [name, text] of Object.entries({ "formation.afs": manifest, ...files })) {
    await writeFile(join(parent, id, name), text);
  }
  return parent;
};

/** What plain `tar` makes of a folder. */
export const tar = async (parent: string, ...args: string[]): Promise<Buffer> => {
  const file = join(await temporaryFolder(), "bundle.tar.gz");
  await run("tar", ["-czf", file, "-C", parent, ...args]);
  return readFile(file);
};

export const bundle = async (options: BundleOptions = {}): Promise<Buffer> =>
  tar(await formationFolder(options), options.id ?? "my-bot");

export interface Called {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not used.
  body: any;
}

export const call = async (
  url: string,
  method: string,
  path: string,
  body?: Buffer,
  headers: Record<string, string> = {},
): Promise<Called> => {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body && { "content-type": "application/gzip" }), ...headers },
    ...(body && { body: new Uint8Array(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text,
  };
};

export const deployBundle = (
  url: string,
  packed: Buffer,
  { id = "my-bot", version = "1.0.0", ...headers }: Record<string, string> = {},
): Promise<Called> =>
  call(url, "POST", "/rpc/formations", packed, {
    "x-formation-id": id,
    "x-formation-version": version,
    ...headers,
  });

export const updateBundle = (
  url: string,
  packed: Buffer,
  { id = "my-bot", version = "1.0.0", ...headers }: Record<string, string> = {},
): Promise<Called> =>
  call(url, "PUT", `/rpc/formations/${id}`, packed, { "x-formation-version": version, ...headers });

export const expectStatus = (called: Called, status: number): Called => {
  expect(called.status, JSON.stringify(called.body)).toBe(status);
  return called;
};
