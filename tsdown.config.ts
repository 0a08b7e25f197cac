import { defineConfig } from "tsdown";

/** Each package becomes one file per entry; the client has its own config beside it, with its size in mind. */
const program = { format: "esm", platform: "node", target: "node22.13", fixedExtension: false, dts: false } as const;

export default defineConfig([
  { ...program, cwd: "packages/protocol", entry: ["src/index.ts"] },
  { ...program, cwd: "packages/formation", entry: ["src/index.ts"] },
  { ...program, cwd: "packages/runtime", entry: ["src/index.ts", "src/main.ts"] },
  { ...program, cwd: "packages/server", entry: ["src/index.ts", "src/main.ts"] },
  { ...program, cwd: "packages/cli", entry: ["src/main.ts"] },
]);
