import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";

/** One file per entry: to load many small modules takes longer than to run them. */
const entry = (name: string) =>
  defineConfig({
    entry: { [name]: `src/${name}.ts` },
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
    clean: false,
  });

export default ["index", "webhook", "testing", "node", "react", "ai-sdk"].map(entry);
