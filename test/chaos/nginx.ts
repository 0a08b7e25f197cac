import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { blocksOf, readDoc } from "../doc-pages.ts";
import { freePort } from "../ports.ts";
import { until } from "../until.ts";

/** Where Debian's package `nginx` puts it. */
const program = "/usr/sbin/nginx";

/** The settings that docs/scaling.md shows, for these processes and without TLS. */
const settingsFor = async (port: number, upstreams: readonly number[]): Promise<string> => {
  const shown = blocksOf(await readDoc("scaling.md")).find(({ language }) => language === "nginx");
  if (!shown) throw new Error("docs/scaling.md shows no settings of nginx");
  let process = 0;
  return shown.content
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
    .replaceAll(/^ +ssl_certificate.*\n/gm, "")
    .replaceAll(/10\.0\.0\.\d:8001/g, () => `127.0.0.1:${upstreams[process++]}`);
};

/** Starts an nginx before processes on these ports until the test ends. Returns its address. */
export const startNginx = async (upstreams: readonly number[]): Promise<string> => {
  if (!existsSync(program)) throw new Error("nginx is not installed: `apt-get install nginx` adds it");
  const folder = mkdtempSync(path.join(tmpdir(), "muxi-nginx-"));
  const port = await freePort();
  const file = path.join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n");
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
pid ${folder}/nginx.pid;
error_log /dev/null;
events { worker_connections 2048; }
http {
access_log off;
${temporary}
${await settingsFor(port, upstreams)}}
`,
  );
  const nginx = spawn(program, ["-p", folder, "-c", file, "-e", "/dev/null"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(async () => {
    nginx.kill("SIGTERM");
    if (nginx.exitCode === null) await once(nginx, "exit");
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until("nginx answers", async () => (await fetch(`${url}/v1/health`).catch(() => undefined))?.ok);
  return url;
};
