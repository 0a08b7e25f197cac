import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const source = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));

test.each([
  ["index.ts", 16],
  ["webhook.ts", 1.5],
  ["testing.ts", 1.5],
  ["stream/sse.ts", 1],
])("%s is at most %s KB, minified and gzipped, and imports nothing", async (file, kilobytes) => {
  const bundle = await rolldown({ input: source(file), platform: "browser", logLevel: "silent" });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  const [{ code, imports, dynamicImports }] = output;
  expect([...imports, ...dynamicImports]).toEqual([]);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(kilobytes * 1024);
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
