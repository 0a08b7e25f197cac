import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";

const versionsFolder = "/usr/lib/postgresql";

/** The programs of the newest version that Debian's package `postgresql` has installed. */
export const findPostgres = (): string | undefined => {
  try {
    const [newest] = readdirSync(versionsFolder).sort((a, b) => Number(b) - Number(a));
    return newest && path.join(versionsFolder, newest, "bin");
  } catch {
    return undefined;
  }
};

/** What there is to do where `findPostgres` finds nothing. */
export const postgresMissing = "Postgres is not installed: `apt-get install postgresql` adds it";

const idOf = (flag: "-u" | "-g"): number =>
  Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));

export interface PostgresServer {
  readonly pid: number;
  /** Connection string of an empty database. */
  readonly url: string;
  /** Ends it at once, as a crash would, and starts it again on its data. */
  restart(): Promise<void>;
  /** Also removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a Postgres of its own, with a temporary data folder and a free port: nothing of an installed server is
 * touched, only its programs are used.
 *
 * @param options.settings As in postgresql.conf: `fsync=off`.
 * @param options.prefix A command that starts the server, such as `taskset -c 0`.
 */
export const startPostgres = async (
  programs: string,
  options: { settings: readonly string[]; prefix?: readonly string[] },
): Promise<PostgresServer> => {
  const data = mkdtempSync(path.join(tmpdir(), "muxi-postgres-"));
  // Postgres refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  const port = String(await freePort());
  const io: ["ignore", "ignore", "inherit"] = ["ignore", "ignore", "inherit"];
  const place = { ...user, cwd: data, stdio: io };
  execFileSync(
    path.join(programs, "initdb"),
    ["-N", "-D", data, "-U", "muxi", "-A", "trust", "-E", "UTF8"],
    place,
  );
  const [command = "", ...args] = [
    ...(options.prefix ?? []),
    path.join(programs, "postgres"),
    ...["-D", data, "-h", "127.0.0.1", "-p", port, "-k", data],
    ...["log_min_messages=fatal", ...options.settings].flatMap((setting) => ["-c", setting]),
  ];
  let server = spawn(command, args, place);
  // Whatever way this process ends, the server does not outlive it.
  const kill = () => server.kill("SIGQUIT");
  process.once("exit", kill);

  const end = async () => {
    if (server.exitCode !== null) return;
    kill();
    await once(server, "exit");
  };
  const stop = async () => {
    process.off("exit", kill);
    // At once: what it would still write is removed.
    await end();
    rmSync(data, { recursive: true, force: true });
  };

  const question = ["-h", "127.0.0.1", "-p", port, "-U", "muxi", "-d", "postgres"];
  const isUp = () => {
    if (server.exitCode !== null || server.pid === undefined) throw new Error("Postgres did not start");
    return spawnSync(path.join(programs, "pg_isready"), question).status === 0;
  };
  try {
    await until("Postgres is up", isUp);
  } catch (error) {
    await stop();
    throw error;
  }
  const restart = async () => {
    await end();
    server = spawn(command, args, place);
    await until("Postgres is up again", isUp);
  };
  return { pid: server.pid ?? 0, url: `postgresql://muxi@127.0.0.1:${port}/postgres`, restart, stop };
};
