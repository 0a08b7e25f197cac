import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { bundle } from "./bundle.ts";

const source = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));
const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));

test.each<[file: string, kilobytes: number, imports?: string[]]>([
  ["index.ts", 19.1],
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
  ["ChatClient", 9.7, []],
  ["FormationClient", 14.4, ["administration"]],
  ["ServerClient", 10, ["server"]],
  ["webhook", 2.1, ["webhook"]],
])("a page that imports %s alone loads at most %s KB, and nothing else", async (name, kilobytes, parts) => {
  const partsIn = (code: string) =>
    Object.entries(marks).flatMap(([part, mark]) => (code.includes(mark) ? [part] : []));
  for (const file of [source("index.ts"), built]) {
    const { code, weight, imports } = await bundle(`export { ${name} } from ${JSON.stringify(file)}`);
    expect(imports).toEqual([]);
    expect(partsIn(code)).toEqual(parts);
    expect(weight).toBeLessThanOrEqual(kilobytes * 1024);
  }
});

test.each(["index.ts", "ChatClient"])(
  "of %s only what passes a stream on as a response, and what schemas and tools need, is loaded once it is used",
  async (whole) => {
    const names = whole === "index.ts" ? "*" : `{ ${whole} }`;
    for (const file of [source("index.ts"), built]) {
      const { later } = await bundle(`export ${names} from ${JSON.stringify(file)}`);
      expect(Object.keys(later).sort()).toEqual(["frames", "schemas"]);
      expect(later.schemas).toBeLessThanOrEqual(1_400);
      expect(later.frames).toBeLessThanOrEqual(512);
    }
  },
);

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
