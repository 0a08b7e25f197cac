import { ConfigurationError } from "../errors/index.ts";
import { type RequestBody, requireText } from "../http/index.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";

/** A bundle: the path of a tar.gz file, or its bytes. */
export type BundleSource =
  | {
      /** Path of a tar.gz file. */
      bundlePath: string;
      /** Not together with a path. */
      bundle?: never;
    }
  | {
      /** The bytes of a tar.gz file. */
      bundle: Blob | Uint8Array;
      /** Not together with the bytes. */
      bundlePath?: never;
    };

export interface Bundle {
  /** Reads it from the beginning. */
  open(): ReadableStream<Uint8Array>;
  /** Reads it from the beginning, as the body of a request. */
  body(): RequestBody;
  /** Its SHA-256 in hex. Undefined on pages that were loaded over plain HTTP, where browsers cannot compute it. */
  digest(): Promise<string | undefined>;
}

/** Node's modules, without imports that bundlers for browsers could not resolve. */
const nodeModules = () => {
  const getBuiltinModule = globalThis.process?.getBuiltinModule;
  if (getBuiltinModule === undefined) {
    throw new ConfigurationError("bundlePath", "there is no file system here: pass the bytes as bundle");
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
  // Streamed, because a bundle may be larger than the available memory.
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
  throw new ConfigurationError("bundle", "must be a Blob or a Uint8Array; use bundlePath for a file");
};

/** What a bundle says about itself. */
export interface Manifest {
  id: string;
  version: string;
}

const blockSize = 512;

/** Maximum size of a manifest in bytes. */
const longestConfig = 1024 * 1024;

/**
 * The manifest lies in the top folder of the archive (docs/spec/server-api.md "Archive" and "What a bundle must
 * hold").
 */
const configName = /^(?:\.\/)?[^/]+\/formation\.(?:afs|ya?ml)$/;

const fieldOf = (header: Uint8Array, start: number, length: number): string => {
  const text = new TextDecoder().decode(header.subarray(start, start + length));
  return text.split("\0", 1)[0] ?? "";
};

/** The text of the first manifest in a tar archive. */
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

/** A scalar at the top level of a YAML text. */
const topLevelValue = (yaml: string, key: string): string | undefined => {
  const match = new RegExp(`^${key}:[ \\t]*(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\s#][^\\n#]*))`, "m").exec(yaml);
  return (match?.[1] ?? match?.[2] ?? match?.[3])?.trim() || undefined;
};

/**
 * Reads id and version from a bundle, and no more of it than necessary.
 *
 * @throws ConfigurationError when it is not a tar.gz archive with a formation in it.
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
