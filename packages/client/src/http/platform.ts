import { version } from "./version.ts";

interface Runtimes {
  process?: { platform?: string; arch?: string; versions?: Record<string, string | undefined> };
  navigator?: { userAgent?: string };
}

/**
 * `linux-x64/node24.1.0`; what a runtime does not tell is left vague (docs/spec/formation-api.md
 * "Request headers").
 */
const platform = ({ process, navigator }: Runtimes): string => {
  const { platform = "web", arch = "any", versions = {} } = process ?? {};
  // Deno and Bun name Node too.
  const name = ["deno", "bun", "node"].find((runtime) => versions[runtime]);
  const other = navigator?.userAgent === "Cloudflare-Workers" ? "workerd" : "browser";
  return `${platform}-${arch}/${name ? name + versions[name] : other}`;
};

/** Headers by which the server knows the client. */
export const identity = (): Record<string, string> => ({
  "x-muxi-sdk": `typescript/${version}`,
  "x-muxi-client": platform(globalThis as Runtimes),
});
