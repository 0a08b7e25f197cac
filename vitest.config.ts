import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["muxi-source"] },
  ssr: { resolve: { conditions: ["muxi-source", "node"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
  },
});
