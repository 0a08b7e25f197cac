// Starts a Postgres of its own, runs the runtime's tests against it, and stops it.
//   npm run test:postgres [-- vitest arguments]
//
// It needs Debian's package `postgresql`: nothing of an installed server is touched, only its programs are used.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

const versionsFolder = "/usr/lib/postgresql";
const startLimit = 30_000;

/** The programs of the newest version that is installed. */
const findPrograms = (): string | undefined => {
  try {
    const [newest] = readdirSync(versionsFolder).sort((a, b) => Number(b) - Number(a));
    return newest && path.join(versionsFolder, newest, "bin");
  } catch {
    return undefined;
  }
};

const idOf = (flag: "-u" | "-g"): number =>
  Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));

const run = async (programs: string): Promise<number> => {
  const data = mkdtempSync(path.join(tmpdir(), "muxi-postgres-"));
  // Postgres refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  const port = String(await freePort());
  const options = {
    ...user,
    cwd: data,
    stdio: ["ignore", "ignore", "inherit"] as ["ignore", "ignore", "inherit"],
  };
  execFileSync(
    path.join(programs, "initdb"),
    ["-D", data, "-U", "muxi", "-A", "trust", "-E", "UTF8"],
    options,
  );
  const settings = ["fsync=off", "full_page_writes=off", "max_connections=500", "log_min_messages=fatal"];
  const server = spawn(
    path.join(programs, "postgres"),
    [
      "-D",
      data,
      "-h",
      "127.0.0.1",
      "-p",
      port,
      "-k",
      data,
      ...settings.flatMap((setting) => ["-c", setting]),
    ],
    options,
  );
  try {
    const isUp = () =>
      spawnSync(path.join(programs, "pg_isready"), ["-h", "127.0.0.1", "-p", port]).status === 0;
    for (const limit = performance.now() + startLimit; !isUp(); await sleep(50)) {
      if (server.exitCode !== null || performance.now() > limit) throw new Error("Postgres did not start");
    }
    const tests = spawn(
      "npx",
      ["vitest", "run", ...(process.argv.length > 2 ? process.argv.slice(2) : ["packages/runtime/test"])],
      {
        stdio: "inherit",
        env: { ...process.env, MUXI_TEST_POSTGRES: `postgresql://muxi@127.0.0.1:${port}/postgres` },
      },
    );
    const [code] = await once(tests, "exit");
    return code ?? 1;
  } finally {
    if (server.exitCode === null) {
      server.kill("SIGINT");
      await once(server, "exit");
    }
    rmSync(data, { recursive: true, force: true });
  }
};

const programs = findPrograms();
if (programs === undefined) {
  process.stderr.write("Postgres is not installed: `apt-get install postgresql` adds it\n");
  process.exit(process.env.CI ? 1 : 0);
}
process.exit(await run(programs));
