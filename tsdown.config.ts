import { defineConfig, type UserConfig } from "tsdown";

/**
 * A program becomes one bundle that holds its dependencies too: hundreds of small modules take longer to find than to
 * run. Names are kept, so that a stack in a log can be read.
 */
const program = (folder: string): UserConfig => ({
  cwd: `packages/${folder}`,
  entry: ["src/main.ts"],
  format: "esm",
  platform: "node",
  target: "node22.13",
  fixedExtension: false,
  dts: false,
  // prom-client's modules need one another in a circle, which a bundle breaks.
  deps: { alwaysBundle: [/^(?!prom-client)/], neverBundle: ["prom-client"] },
  inputOptions: { resolve: { conditionNames: ["muxi-source", "node", "import", "default"] } },
  minify: { compress: true, mangle: false },
});

export default defineConfig([program("runtime"), program("server"), program("cli")]);
