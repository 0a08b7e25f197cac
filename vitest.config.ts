import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const everything = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"];

/** What stores in a database: the runtime, and the server's replicas of it. */
const storing = {
  include: [
    "packages/runtime/test/**/*.test.ts",
    "packages/server/test/replicas.test.ts",
    "packages/cli/test/backup-postgres.test.ts",
  ],
  exclude: ["**/agent-loop.test.ts", "**/database-place.test.ts", "**/model-*.test.ts", "**/tools.test.ts"],
};

const projects = [
  { extends: true as const, test: { name: "sqlite", include: everything, env: { MUXI_TEST_POSTGRES: "" } } },
  { extends: true as const, test: { name: "postgres", ...storing } },
];

export default defineConfig({
  resolve: { conditions: ["muxi-source"] },
  ssr: { resolve: { conditions: ["muxi-source", "node"] } },
  test: {
    // `test/postgres.ts` starts a Postgres; without one everything stores in SQLite.
    ...(process.env.MUXI_TEST_POSTGRES ? { projects } : { include: everything }),
    // More than the 30 s of `until`, so that a test in vain says what it waited for.
    testTimeout: 60_000,
    // Processes that tests start from source, such as the readers of a server, take half the time from the second one on.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compile", import.meta.url)) },
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
