import { defineConfig } from "vitest/config";

/** The SDK in projects of frameworks. Not part of the suite, because it installs them from the registry. */
export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions: ["muxi-source"] },
  ssr: { resolve: { conditions: ["muxi-source", "node"] } },
  test: {
    include: ["*.check.ts"],
    globalSetup: "pack-client.ts",
    // Beside a formation, a server and a browser there is no processor left for another.
    fileParallelism: false,
    testTimeout: 60_000,
    // Installs and builds a project.
    hookTimeout: 600_000,
  },
});
