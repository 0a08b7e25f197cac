import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { portRange } from "../../../test/ports.ts";
import { until } from "../../../test/until.ts";
import { readServerPid, type ServerPid, serverPidFile } from "../src/data-folder/index.ts";
import { bundle, deployBundle } from "./bundles.ts";
import { createFormation, isAlive, post, temporaryFolder } from "./helpers.ts";

const main = fileURLToPath(new URL("../bin/muxi-server.js", import.meta.url));

interface Command {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  ended: Promise<number | null>;
  data: string;
}

/** The command as a user runs it, on a data folder of its own. */
const muxiServer = async (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Command> => {
  const data = await temporaryFolder();
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env.PATH,
      MUXI_CONFIG_DIR: data,
      MUXI_DATA_DIR: data,
      ...(await portRange()),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, out: () => out, err: () => err, ended, data };
};

const listening = ({ data, err }: Command): Promise<ServerPid> =>
  until("the server listens", async () => {
    if (err() !== "") throw new Error(err());
    return readServerPid(data);
  });

/** Runs a formation of the real runtime; resolves with its pid. */
const runFormation = async ({ url }: ServerPid): Promise<number> => {
  const { status, body } = await post(`${url}/rpc/dev/run`, { path: await createFormation("hello") });
  expect(status, JSON.stringify(body)).toBe(200);
  return Number(body.pid);
};

describe("muxi-server", () => {
  it("starts, writes its pid file, logs where it listens, and ends cleanly on SIGTERM", async () => {
    const command = await muxiServer(["start", "--port", "0"]);
    const server = await listening(command);
    expect(server).toMatchObject({ pid: command.child.pid, url: `http://127.0.0.1:${server.port}` });
    expect((await fetch(`${server.url}/ping`)).status).toBe(200);
    const formation = await runFormation(server);
    expect((await fetch(`${server.url}/draft/hello/v1/health`)).status).toBe(200);

    command.child.kill("SIGTERM");
    expect(await command.ended).toBe(0);
    expect(isAlive(formation)).toBe(false);
    expect(existsSync(serverPidFile(command.data))).toBe(false);
    const lines = command
      .out()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ level: "info", msg: "server listening", url: server.url, auth: false });
    expect(lines.at(-1)).toMatchObject({ msg: "server stopped" });
  });

  it("killed outright leaves no formation behind", async () => {
    const command = await muxiServer(["--port", "0"]);
    const formation = await runFormation(await listening(command));
    command.child.kill("SIGKILL");
    await until("the formation has ended", () => !isAlive(formation));
  });

  it("killed outright leaves no npm behind", async () => {
    const bin = await temporaryFolder();
    const begun = join(bin, "begun");
    const script = `#!/bin/sh\n[ "$1" = config ] && exec echo "{}"\nsleep 600 &\necho $$ $! > ${begun}.tmp\nmv ${begun}.tmp ${begun}\nwait\n`;
    await writeFile(join(bin, "npm"), script, { mode: 0o755 });
    await writeFile(join(bin, "config.yaml"), "formations: { install_packages: true }\n");
    const env = { PATH: `${bin}:${process.env.PATH}`, MUXI_CONFIG_DIR: bin };
    const command = await muxiServer(["--port", "0"], env);
    const { url } = await listening(command);
    const files = {
      "package.json": '{"dependencies":{"wood":"1.0.0"}}',
      "package-lock.json": '{"lockfileVersion":3,"packages":{"node_modules/wood":{"version":"1.0.0"}}}',
    };
    const deploying = deployBundle(url, await bundle({ files })).catch(() => undefined);
    const pids = await until("npm runs", () => readFile(begun, "utf8").catch(() => undefined));
    command.child.kill("SIGKILL");
    await deploying;
    const running = pids.trim().split(" ").map(Number);
    await until("npm and what it started are gone", () => !running.some(isAlive));
  });

  it("keeps secrets and queries out of its log", async () => {
    const command = await muxiServer(["--port", "0", "--log-level", "debug"]);
    const { url } = await listening(command);
    await fetch(`${url}/health?token=hidden`, { headers: { authorization: "hidden" } });
    await until("the request is logged", () => /"path":"\/health"/.test(command.out()));
    expect(command.out()).not.toContain("hidden");
  });

  it("says which port is in use", async () => {
    const other = createServer();
    onTestFinished(() => new Promise<void>((done) => other.close(() => done())));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", () => resolve()));
    const address = other.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const command = await muxiServer([], { MUXI_SERVER_PORT: String(port) });
    expect(await command.ended).toBe(1);
    expect(command.err()).toBe(
      `Error: Port ${port} on 127.0.0.1 is in use. Stop the program that uses it, or choose another port with --port or MUXI_SERVER_PORT.\n`,
    );
    expect(existsSync(serverPidFile(command.data))).toBe(false);
  });

  it("does not open itself to the network without authentication", async () => {
    const command = await muxiServer(["--host", "0.0.0.0", "--port", "0"]);
    expect(await command.ended).toBe(1);
    expect(command.err()).toMatch(/^Error: The host 0\.0\.0\.0 .*config\.yaml.*127\.0\.0\.1/);
  });

  it("names the field of a config that is wrong", async () => {
    const config = await temporaryFolder();
    await writeFile(join(config, "config.yaml"), "server: { port: many }\n");
    const command = await muxiServer([], { MUXI_CONFIG_DIR: config });
    expect(await command.ended).toBe(1);
    expect(command.err()).toMatch(/^Error: .*config\.yaml is not valid:\n {2}server\.port: /);
  });

  it.each([
    [["version"], 0, /^muxi-server version \d/, /^$/],
    [["help"], 0, /^Usage: muxi-server/, /^$/],
    [["serve"], 1, /^$/, /Usage: muxi-server[\s\S]*unknown command 'serve'/],
    [["--prot", "1"], 1, /^$/, /--prot[\s\S]*Usage: muxi-server/],
  ] as const)("%j", async (args, code, out, err) => {
    const command = await muxiServer([...args]);
    expect(await command.ended).toBe(code);
    expect(command.out()).toMatch(out);
    expect(command.err()).toMatch(err);
  });
});
