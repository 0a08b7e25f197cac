import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";

/** Name of the file for what several entries of a build use; that of its declarations ends with `.d`. */
const sharedFile = (module: string) => (/\.d\.[mc]?ts$/.test(module) ? "shared.d" : "shared");

/** One file per entry: to load many small modules takes longer than to run them. */
const build = (...names: string[]) =>
  defineConfig({
    entry: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
    format: "esm",
    platform: "neutral",
    target: "es2023",
    // The wire's types go into our declarations, so that nothing of the protocol package is needed to use them.
    alias: {
      "@muxi/protocol/types": fileURLToPath(new URL("../protocol/src/types.gen.ts", import.meta.url)),
    },
    dts: { eager: true },
    // An entry that throws this package's errors takes them from the main one, so that there is one class of each.
    deps: { neverBundle: ["muxi-client", /^node:/] },
    outputOptions: { codeSplitting: { groups: [{ name: sharedFile, minShareCount: 2 }] } },
    hash: false,
    clean: false,
  });

export default [
  // Together, because the main entry has the webhooks in it: there is one class of each error, however it is imported.
  build("index", "webhook"),
  ...["testing", "node", "react", "ai-sdk"].map((name) => build(name)),
];
