import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";

/** Where Debian's package `pgbouncer` puts it. */
const program = "/usr/sbin/pgbouncer";

const isListening = async (port: number): Promise<boolean> => {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

/**
 * Starts a PgBouncer that gives each transaction any of a few connections.
 *
 * @param target Connection string of a database.
 * @param settings Lines of its file beside those that it needs.
 * @returns The connection string of the same database through it.
 */
export const startPgBouncer = async (
  target: string,
  settings: readonly string[] = ["default_pool_size = 4"],
): Promise<{ url: string; stop: () => Promise<void> }> => {
  if (!existsSync(program)) {
    throw new Error("PgBouncer is not installed: `apt-get install pgbouncer` adds it");
  }
  const url = new URL(target);
  const { hostname, port: postgresPort, username } = url;
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-pgbouncer-"));
  const port = await freePort();
  const [settingsFile, usersFile] = [path.join(dir, "pgbouncer.ini"), path.join(dir, "users.txt")];
  writeFileSync(usersFile, `"${username}" ""\n`);
  const lines = [
    "[databases]",
    `* = host=${hostname} port=${postgresPort}`,
    "[pgbouncer]",
    ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, "unix_socket_dir ="],
    ...["auth_type = trust", `auth_file = ${usersFile}`, "pool_mode = transaction"],
    ...settings,
  ];
  writeFileSync(settingsFile, `${lines.join("\n")}\n`);
  // It refuses to run as root, and reads its files as the user that it becomes.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const file of [dir, settingsFile, usersFile]) chmodSync(file, 0o755);
  const child = spawn(program, ["-q", ...(isRoot ? ["-u", "postgres"] : []), settingsFile], {
    stdio: ["ignore", "ignore", process.env.MUXI_TEST_SHOW ? "inherit" : "ignore"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    if (child.exitCode === null) {
      kill();
      await once(child, "exit");
    }
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await until("PgBouncer is up", () => {
      if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`);
      return isListening(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  url.port = String(port);
  return { url: url.href, stop };
};
