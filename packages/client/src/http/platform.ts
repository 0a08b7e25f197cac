import { version } from "./version.ts";

interface Runtimes {
  process?: { platform?: string; arch?: string; versions?: Record<string, string | undefined> };
}

/**
 * Platform and runtime, such as `linux-x64/node24.1.0`, as far as the runtime reveals them (docs/spec/formation-api.md
 * "Request headers").
 */
const platform = ({ process }: Runtimes): string => {
  const { platform = "web", arch = "any", versions = {} } = process ?? {};
  // Deno and Bun also report a version of Node.
  const name = ["deno", "bun", "node"].find((runtime) => versions[runtime]);
  return `${platform}-${arch}/${name ? name + versions[name] : "web"}`;
};

/** Headers that identify this package and its platform. */
export const identity = (): Record<string, string> => ({
  "x-muxi-sdk": `typescript/${version}`,
  "x-muxi-client": platform(globalThis as Runtimes),
});
