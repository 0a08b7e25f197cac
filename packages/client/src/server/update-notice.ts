import type { Hooks } from "../http/hooks.ts";
import type { Environment } from "../http/transport.ts";
import { version } from "../http/version.ts";

const pause = 12 * 60 * 60 * 1000;

/** Whether `one` is the higher version; by number, because as text 0.10 is less than 0.9. */
const isNewer = (one: string, other: string): boolean => {
  const [left, right] = [one, other].map((text) => text.split(/\D/, 3).map(Number));
  const index = left?.findIndex((number, part) => number !== right?.[part]) ?? -1;
  return (left?.[index] ?? 0) > (right?.[index] ?? 0);
};

/** Says whether there was no notice in the last 12 hours, and remembers this one; true where there are no files. */
const isDue = (now: number): boolean => {
  const getBuiltinModule = globalThis.process?.getBuiltinModule;
  if (getBuiltinModule === undefined) return true;
  const fs = getBuiltinModule("node:fs");
  const folder = `${getBuiltinModule("node:os").homedir()}/.muxi`;
  const file = `${folder}/sdk-versions.json`;
  try {
    const noticed: Record<string, unknown> = fs.existsSync(file)
      ? JSON.parse(fs.readFileSync(file, "utf8"))
      : {};
    if (now - Number(noticed.typescript ?? 0) < pause) return false;
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ ...noticed, typescript: now }));
  } catch {
    // A notice that cannot be remembered, in a home that cannot be written to, comes again.
  }
  return true;
};

/**
 * Says once when the server knows a newer version of this package: with `MUXI_DEBUG`, unless `MUXI_NO_UPDATE_CHECK`
 * is set, and every 12 hours at most (docs/spec/server-api.md "Clients of the server API").
 */
export const updateHooks = (env: Environment): Hooks[] => {
  if (!env("MUXI_DEBUG") || env("MUXI_NO_UPDATE_CHECK")) return [];
  let read = false;
  const onResponse: Hooks["onResponse"] = ({ headers }) => {
    const latest = headers.get("x-muxi-sdk-latest");
    if (read || latest === null) return;
    read = true;
    if (!isNewer(latest, version) || !isDue(Date.now())) return;
    console.error(`[muxi] muxi-client ${latest} is out; this is ${version}`);
  };
  return [{ onResponse }];
};
