import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../machine/programs.ts";
import { type Ground, muxiChat, muxiServer, serverProgram, type Target } from "../targets.ts";

const nginxFile = "/usr/sbin/nginx";

/** The upstream itself. */
const direct: Target = { name: "direct", healthPath: "/v1/health", chat: muxiChat("") };

/** As its documentation says for streams; it passes on the same headers as our proxy and, as that does, logs each request. */
const nginxConfig = (port: number, upstreamPort: number, folder: string): string => `
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 8192; }
http {
  access_log ${folder}/access.log;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  keepalive_requests 10000000;
  upstream formation {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 10000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://formation;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Muxi-Request-ID $request_id;
    }
  }
}
`;

const nginx: Target = {
  name: "nginx",
  healthPath: "/v1/health",
  missing: () =>
    existsSync(nginxFile) ? undefined : `there is no ${nginxFile}: install the package nginx-light`,
  program: ({ folder, port, modelPort }) => {
    const file = join(folder, "nginx.conf");
    writeFileSync(file, nginxConfig(port, modelPort, folder));
    return {
      command: nginxFile,
      args: ["-c", file, "-p", folder, "-e", join(folder, "error.log"), "-g", "daemon off;"],
    };
  },
  chat: muxiChat(""),
};

/** The server as users start it. Only the formation's process is another program: the upstream. */
export const muxiProxy = {
  ...muxiServer,
  name: "muxi",
  program: async (ground: Ground) => {
    const config = join(ground.folder, "config");
    mkdirSync(config);
    const environment = {
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "upstream.ts")}`,
      CORE: String(ground.loadCore),
    };
    // JSON is YAML.
    writeFileSync(
      join(config, "config.yaml"),
      JSON.stringify({ formations: { settings: { bench: { environment } } } }),
      { mode: 0o600 },
    );
    return serverProgram(ground, await freePort());
  },
  pacePath: "/draft/bench/pace",
  alone: true,
} satisfies Target;

export const proxyTargets: readonly Target[] = [direct, nginx, muxiProxy];
