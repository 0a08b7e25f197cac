import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["muxi-source"] },
  ssr: { resolve: { conditions: ["muxi-source", "node"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // More than the 30 s of `until`, so that a test in vain says what it waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Files share a process: to load all schemas anew for each of them took a quarter of the time. What a test changes
    // beyond its file, it puts back.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    // One more than there are processors: tests also wait.
    maxWorkers: availableParallelism() + 1,
  },
});
