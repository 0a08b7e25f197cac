/// <reference lib="es2024.arraybuffer" />
/**
 * Runs `program.cjs`, which lies beside it, with what V8 has compiled of it in earlier runs. Node's own compile cache holds
 * what is compiled before a file runs, but most functions are compiled when they are first called: that was a quarter of the
 * time to start, and half of that of a first chat (docs/decisions/compiled-code.md).
 */
import { hash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import path from "node:path";
import { constants, Script } from "node:vm";

/** A file of the bundle is one function, called as a CommonJS module would be; what it takes for its `import.meta` is ours. */
type Body = (exports: object, require: (name: string) => unknown, importMeta: ImportMeta) => void;

/** Milliseconds after the start, by when a program has called most of what it ever calls. */
const keepAfter = 10_000;

const folder = import.meta.dirname;
/** Has the version of V8 in its name; undefined where the cache is switched off or cannot be written. */
const cache = getCompileCacheDir();

const digestOf = (data: string | Buffer): Buffer => hash("sha1", data, "buffer");
const digestLength = digestOf("").length;

/** A file of the cache holds the digest of the source, that of the compiled code, and the code. */
const readCompiled = (entry: string, source: Buffer): Buffer<ArrayBuffer> | undefined => {
  try {
    const stored = readFileSync(entry);
    const compiled = stored.subarray(2 * digestLength);
    const digests = Buffer.concat([source, digestOf(compiled)]);
    return stored.subarray(0, 2 * digestLength).equals(digests) ? compiled : undefined;
  } catch {
    return undefined; // Whatever is wrong with it, it can be compiled again.
  }
};

const writeCompiled = (entry: string, source: Buffer, compiled: Buffer): void => {
  const draft = `${entry}.${process.pid}`;
  try {
    writeFileSync(draft, Buffer.concat([source, digestOf(compiled), compiled]));
    renameSync(draft, entry);
  } catch {
    // The disk is full or may not be written: the next run compiles again.
  }
};

/** What was read from a file is no longer needed: its memory would stay until garbage is collected, which may be long. */
const giveBack = (read: Buffer<ArrayBuffer>): void => {
  if (read.length > Buffer.poolSize) read.buffer.transfer(0);
};

let unkept: (() => void)[] = [];
const keep = () => {
  for (const each of unkept) each();
  unkept = [];
};

const loaded = new Map<string, object>();

const load = (name: string): unknown => {
  if (!name.startsWith("./")) return process.getBuiltinModule(name);
  const known = loaded.get(name);
  if (known) return known;
  const exports = {};
  loaded.set(name, exports);

  const file = path.join(folder, name);
  const text = readFileSync(file);
  const source = digestOf(text);
  const entry = cache && path.join(cache, `${hash("sha1", file)}.compiled`);
  const cachedData = entry === undefined ? undefined : readCompiled(entry, source);
  const script = new Script(text.toString("latin1"), {
    filename: file,
    ...(cachedData && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (entry !== undefined && (cachedData === undefined || script.cachedDataRejected)) {
    unkept.push(() => writeCompiled(entry, source, script.createCachedData()));
  }
  giveBack(text);
  if (cachedData) giveBack(cachedData);
  const body: Body = script.runInThisContext();
  body(exports, load, import.meta);
  return exports;
};

/** Node warns of the way in which files load others while they run: nobody who reads that can do anything about it. */
process.emitWarning = new Proxy(process.emitWarning, {
  apply(warn, self, args) {
    if (!String(args[0]).includes("USE_MAIN_CONTEXT_DEFAULT_LOADER")) Reflect.apply(warn, self, args);
  },
});

load("./program.cjs");
if (unkept.length > 0) setTimeout(keep, keepAfter).unref();
process.once("exit", keep);
