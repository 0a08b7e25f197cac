import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const source = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));
const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));

interface Bundle {
  code: string;
  /** Bytes, minified and gzipped. */
  weight: number;
  imports: string[];
}

/** What a page loads when it has `code` as its only module. */
const bundle = async (code: string, external: string[] = []): Promise<Bundle> => {
  const page = {
    name: "page",
    resolveId: (id: string) => (id === "page" ? id : undefined),
    load: (id: string) => (id === "page" ? code : undefined),
  };
  const bundler = await rolldown({
    input: "page",
    plugins: [page],
    external,
    platform: "browser",
    logLevel: "silent",
  });
  const { output } = await bundler.generate({ minify: true });
  await bundler.close();
  const [{ code: minified, imports, dynamicImports }] = output;
  const weight = gzipSync(minified, { level: 9 }).length;
  return { code: minified, weight, imports: [...imports, ...dynamicImports] };
};

test.each<[file: string, kilobytes: number, imports?: string[]]>([
  ["index.ts", 18],
  ["webhook.ts", 2],
  ["testing.ts", 1.5],
  ["stream/sse.ts", 1],
  ["react.ts", 4, ["react", "muxi-client"]],
  ["ai-sdk.ts", 4, ["muxi-client"]],
])(
  "%s is at most %s KB, minified and gzipped, and imports nothing else",
  async (file, kilobytes, external = []) => {
    const { weight, imports } = await bundle(`export * from ${JSON.stringify(source(file))}`, external);
    expect(imports).toEqual(external);
    expect(weight).toBeLessThanOrEqual(kilobytes * 1024);
  },
);

/** Texts that only one part of the package holds. */
const marks = {
  webhook: "x-muxi-signature",
  server: "/rpc/formations",
  administration: "/llm/settings",
};

test.each<[name: string, kilobytes: number, parts: (keyof typeof marks)[]]>([
  ["ChatClient", 9.25, []],
  ["FormationClient", 13.25, ["administration"]],
  ["ServerClient", 10, ["server"]],
  ["webhook", 2.2, ["webhook"]],
])("a page that imports %s alone loads at most %s KB, and nothing else", async (name, kilobytes, parts) => {
  const partsIn = (code: string) =>
    Object.entries(marks).flatMap(([part, mark]) => (code.includes(mark) ? [part] : []));
  const { code, weight, imports } = await bundle(
    `export { ${name} } from ${JSON.stringify(source("index.ts"))}`,
  );
  expect(imports).toEqual([]);
  expect(partsIn(code)).toEqual(parts);
  expect(weight).toBeLessThanOrEqual(kilobytes * 1024);
  const published = await bundle(`export { ${name} } from ${JSON.stringify(built)}`);
  expect(partsIn(published.code)).toEqual(parts);
  expect(published.weight).toBeLessThanOrEqual(kilobytes * 1024);
});

test("to import the package touches nothing that takes Node long to load", async () => {
  const slow = ["Headers", "Request", "Response", "FormData"];
  const watch = `
    const touched = [];
    for (const name of ${JSON.stringify(slow)}) {
      Object.defineProperty(globalThis, name, { get() { touched.push(name); } });
    }
    for (const file of ${JSON.stringify([source("index.ts"), source("webhook.ts")])}) await import(file);
    console.log(JSON.stringify(touched));`;
  const args = ["--conditions=muxi-source", "--input-type=module", "--no-warnings", "--eval", watch];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual([]);
});
