/**
 * Adds to the bundles in `dist/` what the bundler does not make:
 *
 * - Declarations that compile where a project has neither the DOM library nor Node's types. What is missing there is
 *   `any`, because TypeScript gives an unknown type that meaning once its error is ignored.
 * - A way in for `require`, with declarations of its own: `module: node16` refuses to import an ES module from CommonJS.
 *   It loads the same bundle, so that there is one class of each error however the package is imported.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";

const dist = new URL("../dist/", import.meta.url);

/** Types of the platform that the declarations use, with their parameters. */
const platformTypes: Record<string, string> = {
  AbortSignal: "",
  Blob: "",
  Headers: "",
  ReadableStream: "<Chunk = any>",
  Request: "",
  Response: "",
  Storage: "",
};

const comments = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/** A comment that follows other code on its line, where it would describe nothing: the bundler puts some there. */
const strayComment = /(?<=\S) *(?=\/\*\*)/g;

/** The declarations with the platform's types declared in front, as far as they use them. */
const selfSufficient = (source: string): string => {
  const code = source.replaceAll(comments, "");
  const uses = (name: string) => new RegExp(`\\b${name}\\b`).test(code);
  const types = Object.entries(platformTypes)
    .filter(([name]) => uses(name))
    .map(([name, parameters]) => {
      const given = parameters === "" ? "" : "<Chunk>";
      return `// @ts-ignore\ntype ${name}${parameters} = globalThis.${name}${given};\n`;
    });
  const library = uses("AsyncDisposable") ? ['/// <reference lib="esnext.disposable" />\n'] : [];
  return [...library, ...types, source].join("");
};

for (const file of await readdir(dist)) {
  const name = file.replace(/\.d\.ts$/, "");
  if (name === file) continue;
  const bundled = await readFile(new URL(file, dist), "utf8");
  const source = selfSufficient(bundled.replaceAll(strayComment, "\n"));
  await writeFile(new URL(file, dist), source);
  await writeFile(
    new URL(`${name}.d.cts`, dist),
    source.replaceAll(/from "(\.\/\w+)\.js"/g, 'from "$1.cjs"'),
  );
  await writeFile(new URL(`${name}.cjs`, dist), `module.exports = require("./${name}.js");\n`);
}
