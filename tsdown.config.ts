import { defineConfig, type UserConfig } from "tsdown";

/**
 * A program becomes one bundle that holds its dependencies too: hundreds of small modules take longer to find than to
 * run. Names are kept, so that a stack in a log can be read.
 *
 * @param threads Programs of worker threads, which lie beside the main one.
 */
const program = (folder: string, threads: Record<string, string> = {}): UserConfig => ({
  cwd: `packages/${folder}`,
  entry: { main: "src/main.ts", ...threads },
  format: "esm",
  platform: "node",
  target: "node22.13",
  fixedExtension: false,
  dts: false,
  // Modules of these need one another in a circle, which a bundle breaks.
  deps: { alwaysBundle: [/^(?!prom-client$|pg$)/], neverBundle: ["prom-client", "pg"] },
  inputOptions: { resolve: { conditionNames: ["muxi-source", "node", "import", "default"] } },
  minify: { compress: true, mangle: false },
});

export default defineConfig([
  program("runtime", { "document-worker": "src/attachments/document-worker.ts" }),
  program("server"),
  program("cli"),
]);
