import { environment, type Hooks, version } from "../http/index.ts";

const pause = 12 * 60 * 60 * 1000;

/** Whether `one` is a higher version than `other`. Compares numbers, because as text 0.10 is less than 0.9. */
const isNewer = (one: string, other: string): boolean => {
  const [left, right] = [one, other].map((text) => text.split(/\D/, 3).map(Number));
  const index = left?.findIndex((number, part) => number !== right?.[part]) ?? -1;
  return (left?.[index] ?? 0) > (right?.[index] ?? 0);
};

/** Whether the last notice is at least 12 hours ago, and remembers this one. Always true without a file system. */
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
    // If the notice cannot be remembered, because the home folder is not writable, it is repeated.
  }
  return true;
};

/**
 * Logs once when the server knows a newer version of this package: only with `MUXI_DEBUG`, not with
 * `MUXI_NO_UPDATE_CHECK`, and at most every 12 hours (docs/spec/server-api.md "Clients of the server API").
 */
export const updateHooks = (): Hooks[] => {
  if (!environment("MUXI_DEBUG") || environment("MUXI_NO_UPDATE_CHECK")) return [];
  let read = false;
  const onResponse: Hooks["onResponse"] = ({ headers }) => {
    const latest = headers.get("x-muxi-sdk-latest");
    if (read || latest === null) return;
    read = true;
    if (!isNewer(latest, version) || !isDue(Date.now())) return;
    console.error(`[muxi] muxi-client ${latest} is available; this is ${version}`);
  };
  return [{ onResponse }];
};
