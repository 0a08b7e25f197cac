import { defineConfig } from "tsdown";

/** Each package becomes one file per entry; the client has its own config beside it, with its size in mind. */
const node = { format: "esm", platform: "node", target: "node22.13", fixedExtension: false } as const;

export default defineConfig([
  { ...node, cwd: "packages/protocol", entry: ["src/index.ts"], dts: true },
  { ...node, cwd: "packages/formation", entry: ["src/index.ts"], dts: true },
  { ...node, cwd: "packages/runtime", entry: ["src/index.ts", "src/main.ts"], dts: true },
  { ...node, cwd: "packages/server", entry: ["src/index.ts", "src/main.ts"], dts: true },
  { ...node, cwd: "packages/cli", entry: ["src/main.ts"], dts: false },
]);
