import { ConfigurationError } from "../errors/errors.ts";
import { requireText } from "../http/arguments.ts";
import type { RequestBody } from "../http/send.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";

/** A bundle: the path of a tar.gz file, or its bytes where there is no file system. */
export type BundleSource =
  | {
      /** Path of a tar.gz file. */
      bundlePath: string;
      /** In place of a path. */
      bundle?: never;
    }
  | {
      /** The bytes of a tar.gz file. */
      bundle: Blob | Uint8Array;
      /** In place of the bytes. */
      bundlePath?: never;
    };

export interface Bundle {
  /** Its bytes, from the beginning each time. */
  open(): ReadableStream<Uint8Array>;
  /** The same as the body of a request. */
  body(): RequestBody;
  /** Their SHA-256 in hex; undefined on pages loaded over plain HTTP, where browsers do not compute one. */
  digest(): Promise<string | undefined>;
}

/** Node's modules without an import of them, which bundlers for browsers would stumble over. */
const nodeModules = () => {
  const getBuiltinModule = globalThis.process?.getBuiltinModule;
  if (getBuiltinModule === undefined) {
    throw new ConfigurationError("bundlePath", "there are no files here, pass the bytes as bundle");
  }
  return {
    fs: getBuiltinModule("node:fs"),
    stream: getBuiltinModule("node:stream"),
    crypto: getBuiltinModule("node:crypto"),
  };
};

const bundleOfFile = (path: string): Bundle => {
  const { fs, stream, crypto } = nodeModules();
  const stats = fs.statSync(requireText("bundlePath", path), { throwIfNoEntry: false });
  if (!stats?.isFile()) throw new ConfigurationError("bundlePath", `${path} is not a file`);
  // Read as it is sent: a bundle may be larger than the memory.
  const open = () => stream.Readable.toWeb(fs.createReadStream(path)) as ReadableStream<Uint8Array>;
  return {
    open,
    body: open,
    async digest() {
      const hash = crypto.createHash("sha256");
      for await (const chunk of open()) hash.update(chunk);
      return hash.digest("hex");
    },
  };
};

const bundleOfBlob = (blob: Blob): Bundle => ({
  open: () => blob.stream(),
  body: () => blob,
  async digest() {
    if (crypto.subtle === undefined) return undefined;
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  },
});

export const openBundle = ({ bundlePath, bundle }: BundleSource): Bundle => {
  if (bundlePath !== undefined) return bundleOfFile(bundlePath);
  if (bundle instanceof Blob) return bundleOfBlob(bundle);
  if (bundle instanceof Uint8Array) return bundleOfBlob(new Blob([new Uint8Array(bundle)]));
  throw new ConfigurationError("bundle", "must be a Blob or a Uint8Array; for a file use bundlePath");
};

/** What a bundle says about itself. */
export interface Manifest {
  id: string;
  version: string;
}

const blockSize = 512;

/** Bytes. A configuration is text that people write. */
const longestConfig = 1024 * 1024;

/**
 * The configuration lies under the one folder of the archive (docs/spec/server-api.md "Archive" and
 * "What a bundle must hold").
 */
const configName = /^(?:\.\/)?[^/]+\/formation\.(?:afs|ya?ml)$/;

const fieldOf = (header: Uint8Array, start: number, length: number): string => {
  const text = new TextDecoder().decode(header.subarray(start, start + length));
  return text.split("\0", 1)[0] ?? "";
};

/** The text of the first formation configuration in a tar archive. */
const findConfig = async (archive: ByteReader): Promise<string | undefined> => {
  for (;;) {
    const header = await archive.read(blockSize);
    if (header.length < blockSize || header[0] === 0) return undefined;
    const name = fieldOf(header, 0, 100);
    const prefix = fieldOf(header, 345, 155);
    const size = Number.parseInt(fieldOf(header, 124, 12), 8) || 0;
    const kind = fieldOf(header, 156, 1);
    const file = kind === "" || kind === "0";
    if (file && configName.test(prefix === "" ? name : `${prefix}/${name}`)) {
      if (size > longestConfig) throw new ConfigurationError("bundle", `${name} is larger than 1 MB`);
      return new TextDecoder().decode(await archive.read(size));
    }
    await archive.skip(Math.ceil(size / blockSize) * blockSize);
  }
};

/** A plain value at the top level of a YAML text. */
const topLevelValue = (yaml: string, key: string): string | undefined => {
  const match = new RegExp(`^${key}:[ \\t]*(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\s#][^\\n#]*))`, "m").exec(yaml);
  return (match?.[1] ?? match?.[2] ?? match?.[3])?.trim() || undefined;
};

/**
 * Reads id and version out of a bundle, and no more of the bundle than that takes.
 *
 * @throws ConfigurationError when it is not a tar.gz with a formation in it.
 */
export const readManifest = async (bundle: Bundle): Promise<Manifest> => {
  const bytes = createByteReader(
    bundle.open().pipeThrough(new DecompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>),
  );
  let config: string | undefined;
  try {
    config = await findConfig(bytes);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError("bundle", `is not a tar.gz archive (${reason})`);
  } finally {
    await bytes.close();
  }
  if (config === undefined) {
    throw new ConfigurationError(
      "bundle",
      "holds no formation.afs, formation.yaml or formation.yml in its folder",
    );
  }
  const id = topLevelValue(config, "id");
  if (id === undefined) throw new ConfigurationError("bundle", "its formation has no id");
  return { id, version: topLevelValue(config, "version") ?? "1.0.0" };
};
