import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { inject, onTestFinished } from "vitest";
import { freePort } from "../../../../test/ports.ts";
import { until } from "../../../../test/until.ts";

const sources = join(import.meta.dirname, "projects");

/** Outside of this repository, so that a project finds only what it has installed. It stays for the next run. */
export const projectsFolder = join(tmpdir(), "muxi-client-frameworks");

/** That of somebody at a terminal: without what npm and Vitest tell their children, but with the Node of this process. */
const environment = (): NodeJS.ProcessEnv => {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|MUXI_|(NODE_ENV|TEST)$)/.test(name),
  );
  const path = process.env.PATH?.split(delimiter).filter((folder) => !folder.endsWith("node_modules/.bin"));
  return {
    ...Object.fromEntries(own),
    PATH: [dirname(process.execPath), ...(path ?? [])].join(delimiter),
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
  };
};

/** A project with its dependencies installed. */
export interface Project {
  folder: string;
  /** Runs a program of Node to its end. Rejects with what it printed when it fails. */
  run(args: readonly string[], env?: Record<string, string>): Promise<string>;
  /** Starts a program of Node that listens on `PORT`; it is stopped with the test. Returns its address. */
  start(args: readonly string[], env?: Record<string, string>): Promise<string>;
}

const readInstalled = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });

/** Puts the files of a project into its folder, and installs its dependencies unless they are there. */
const install = async (name: string, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const entry of await readdir(folder)) {
    if (entry !== "node_modules") await rm(join(folder, entry), { recursive: true });
  }
  for (const from of ["shared", name]) await cp(join(sources, from), folder, { recursive: true });
  const { dependencies, ...manifest } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const packages = { ...dependencies, "muxi-client": `file:${inject("tarball")}` };
  const text = JSON.stringify({ ...manifest, dependencies: packages });
  await writeFile(join(folder, "package.json"), text);
  const mark = join(folder, "node_modules", ".muxi-installed");
  if ((await readInstalled(mark)) === text) return;
  // No framework needs its scripts: their programs lie in packages.
  const options = ["--ignore-scripts", "--no-package-lock", "--prefer-offline", "--no-audit", "--no-fund"];
  await promisify(execFile)("npm", ["install", ...options], { cwd: folder, env: environment() });
  await writeFile(mark, text);
};

/** Opens a project of `projects/`. */
export const openProject = async (name: string): Promise<Project> => {
  const folder = join(projectsFolder, name);
  await install(name, folder);
  return {
    folder,
    async run(args, env) {
      const options = { cwd: folder, env: { ...environment(), ...env }, maxBuffer: 2 ** 26 };
      try {
        const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
        return stdout + stderr;
      } catch (error) {
        if (!(error instanceof Error && "stdout" in error && "stderr" in error)) throw error;
        throw new Error(`${name}: ${error.message}\n${error.stdout}${error.stderr}`);
      }
    },
    async start(args, env) {
      const port = String(await freePort());
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env: { ...environment(), PORT: port, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let printed = "";
      for (const output of [child.stdout, child.stderr]) output.on("data", (text) => (printed += text));
      const ended = once(child, "exit");
      onTestFinished(async () => {
        child.kill();
        await ended;
      });
      const url = `http://127.0.0.1:${port}`;
      await until(`${name} listens`, async () => {
        if (child.exitCode !== null) throw new Error(`${name} has ended: ${printed}`);
        return fetch(url).then(
          () => true,
          () => false,
        );
      });
      return url;
    },
  };
};
