import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const source = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));

test.each<[file: string, kilobytes: number, imports?: string[]]>([
  ["index.ts", 16],
  ["formation/chat-client.ts", 8],
  ["formation-client.ts", 11.5],
  ["server-client.ts", 9],
  ["webhook.ts", 1.5],
  ["testing.ts", 1.5],
  ["stream/sse.ts", 1],
  ["react.ts", 4, ["react"]],
  ["ai-sdk.ts", 4, ["muxi-client"]],
])(
  "%s is at most %s KB, minified and gzipped, and imports nothing else",
  async (file, kilobytes, external = []) => {
    const bundle = await rolldown({ input: source(file), platform: "browser", external, logLevel: "silent" });
    const { output } = await bundle.generate({ minify: true });
    await bundle.close();
    const [{ code, imports, dynamicImports }] = output;
    expect([...imports, ...dynamicImports]).toEqual(external);
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(kilobytes * 1024);
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
