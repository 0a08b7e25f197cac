import { version } from "../version.ts";

interface Runtimes {
  process?: { platform?: string; arch?: string; versions?: Record<string, string | undefined> };
  Deno?: { version: { deno: string } };
  navigator?: { userAgent?: string };
}

/** `linux-x64/node24.1.0`; what a runtime does not tell is left vague (contract/formation-api.md 2.2). */
const platform = ({ process, Deno, navigator }: Runtimes): string => {
  const { platform = "web", arch = "any", versions = {} } = process ?? {};
  const runtime = Deno
    ? `deno${Deno.version.deno}`
    : versions.bun
      ? `bun${versions.bun}`
      : versions.node
        ? `node${versions.node}`
        : navigator?.userAgent === "Cloudflare-Workers"
          ? "workerd"
          : "browser";
  return `${platform}-${arch}/${runtime}`;
};

/** Headers by which the server knows the client. */
export const identity = (): Record<string, string> => ({
  "x-muxi-sdk": `typescript/${version}`,
  "x-muxi-client": platform(globalThis as Runtimes),
});
