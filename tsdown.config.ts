import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Rolldown, type UserConfig } from "tsdown";

const source = (id: string): string => `process.getBuiltinModule("${id}")`;

/**
 * Gives a bundle what it uses of Node's own modules, and reads no other property of them: `import` reads every one, and
 * of `node:http` one is WebSocket, which brings all of Node's own undici along, 6 MB and 20 ms.
 */
const builtins: Rolldown.Plugin = {
  name: "builtins",
  resolveId(id, _, { kind }) {
    if (!isBuiltin(id)) return undefined;
    if (kind === "require-call") return `\0required:${id}`;
    return kind === "import-statement" ? `\0imported:${id}` : undefined;
  },
  load(id) {
    const [, way, name = ""] = /^\0(required|imported):(.*)$/.exec(id) ?? [];
    if (way === "required") return `module.exports = ${source(name)}`;
    if (way !== "imported") return undefined;
    const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => key !== "default");
    const lines = names.map((key, at) => `const it${at} = /* @__PURE__ */ of("${key}");`);
    const exported = names.map((key, at) => `it${at} as ${key}`);
    return {
      code: `const all = ${source(name)}; const of = (key) => all[key]; ${lines.join("\n")}
        export { all as default, ${exported.join(", ")} };`,
      moduleSideEffects: false,
    };
  },
};

/** What of undici is used here. Its index would bring fetch, WebSocket, caches and mocks along: half of the bundle. */
const undici: Rolldown.Plugin = {
  name: "undici",
  resolveId: (id) => (id === "undici" ? "\0undici" : undefined),
  load: (id) =>
    id === "\0undici"
      ? `export { default as Agent } from "undici/lib/dispatcher/agent.js";
        export { default as Pool } from "undici/lib/dispatcher/pool.js";`
      : undefined,
};

/** For transports of pino, which nobody here uses: writing in a thread. */
const pino: Rolldown.Plugin = {
  name: "pino",
  resolveId: (id) => (id === "thread-stream" ? "\0thread-stream" : undefined),
  load: (id) => (id === "\0thread-stream" ? "module.exports = undefined;" : undefined),
};

/** One character beyond Latin-1 doubles what a whole source takes in memory; without any beyond ASCII, bytes are characters. */
const ascii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Makes each file what `program-loader.ts` runs. */
const bodies: Rolldown.Plugin = {
  name: "bodies",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === "chunk")
        chunk.code = ascii(`(function(exports,require,importMeta){${chunk.code}\n})\n`);
    }
  },
};

const latin: Rolldown.Plugin = {
  name: "latin",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) if (chunk.type === "chunk") chunk.code = ascii(chunk.code);
  },
};

/** The licence of a package, as its own file says it; otherwise the name that `package.json` gives. */
const licenceOf = (folder: string): string => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), "utf8").trim();
  return `${name} ${version}\n\n${text}\n`;
};

/** The licences of the packages that a bundle holds code of: nearly all ask to be passed on with it. */
const licences = (fileName: string): Rolldown.Plugin => ({
  name: "licences",
  generateBundle(_, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
    const folders = modules.flatMap((id) => /^\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []);
    const source = [...new Set(folders)]
      .sort()
      .map(licenceOf)
      .join(`\n${"-".repeat(80)}\n\n`);
    this.emitFile({ type: "asset", fileName, source });
  },
});

/** What bundles of the three programs have in common. Names are kept, so that a stack in a log can be read. */
const bundle = (folder: string): UserConfig => ({
  cwd: `packages/${folder}`,
  format: "esm",
  platform: "node",
  target: "node22.13",
  fixedExtension: false,
  dts: false,
  // Several bundles share a folder.
  clean: false,
  // Its modules need one another in a circle, which a bundle breaks.
  deps: { alwaysBundle: [/^(?!pg$)/], neverBundle: ["pg"] },
  // Tells tools that read nothing but the file that it is an ES module, also where it imports and exports nothing.
  footer: { js: "export {};" },
  // Neither `import` nor `require`: each is added where it is right. A package that is required and gets an ES module
  // finds none of its functions.
  inputOptions: {
    resolve: { conditionNames: ["muxi-source", "node", "default"] },
    // What the main file and what it loads later have in common stays in the main file: each file to find takes time.
    preserveEntrySignatures: "allow-extension",
  },
  minify: { compress: true, mangle: false },
});

/**
 * A program becomes one bundle that holds its dependencies too: hundreds of small modules take longer to find than to
 * run. `main.js` runs it, with its code compiled already.
 */
const program = (folder: string): UserConfig[] => [
  {
    ...bundle(folder),
    entry: { main: "../../program-loader.ts" },
    clean: true,
    plugins: [builtins, latin],
  },
  {
    ...bundle(folder),
    entry: { program: "src/main.ts" },
    format: "cjs",
    plugins: [builtins, undici, pino, bodies, licences("third-party-licences.txt")],
    define: { "import.meta": "importMeta" },
    footer: {},
  },
];

/** Which characters the fonts of East Asia have, for PDFs that only name them; with the licence. */
const characterMaps = dirname(fileURLToPath(import.meta.resolve("pdfjs-dist/cmaps/LICENSE")));

/** Draws the pages of PDFs. Its package has only the licence of what calls it. */
const pdfium = fileURLToPath(import.meta.resolve("@hyzyla/pdfium/pdfium.wasm"));
const pdfiumLicence = fileURLToPath(import.meta.resolve("pdfjs-dist/wasm/LICENSE_JBIG2"));

export default defineConfig([
  ...program("runtime"),
  // Bundles of their own, or what they have in common with the programs would be files to find at each start.
  {
    ...bundle("runtime"),
    entry: {
      "document-process": "../documents/src/document-process.ts",
      "document-worker": "../documents/src/document-worker.ts",
      "local-worker": "src/models/embedding/local-worker.ts",
    },
    plugins: [builtins, latin, licences("document-licences.txt")],
    copy: [
      { from: characterMaps, to: "dist" },
      { from: pdfium, to: "dist" },
      { from: pdfiumLicence, to: "dist", rename: "pdfium-licences.txt" },
    ],
  },
  ...program("server"),
  {
    ...bundle("server"),
    entry: { "reader-program": "src/reader-program.ts" },
    plugins: [builtins, latin, licences("reader-licences.txt")],
  },
  ...program("cli"),
]);
