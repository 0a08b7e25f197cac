import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromiumFile, chromiumFlags } from "../chromium.ts";
import type { Outcome } from "./contract.ts";

/** The bundled contract: its text, and the file that holds it. */
export interface Bundle {
  code: string;
  file: string;
}

export interface Runtime {
  name: string;
  /** Why the machine does not have it; undefined when it does. */
  missing(): string | undefined;
  /** Runs the contract against the server at `url`. */
  run(url: string, bundle: Bundle): Promise<Outcome>;
}

const modules = join(import.meta.dirname, "node_modules");
const require = createRequire(import.meta.url);

/** Milliseconds. A runtime whose process does not end by itself has failed: something was left open. */
const longestRun = 60_000;

const noFile = (file: string) => (existsSync(file) ? undefined : `there is no ${file}`);

/** A runtime that takes a program on its command line. */
const program = (name: string, file: string, args: readonly string[]): Runtime => ({
  name,
  missing: () => noFile(file),
  async run(url, bundle) {
    const code = `import { runContract } from ${JSON.stringify(bundle.file)};
      console.log(JSON.stringify(await runContract(${JSON.stringify(url)})));`;
    const { stdout } = await promisify(execFile)(file, [...args, code], { timeout: longestRun });
    return JSON.parse(stdout);
  },
});

const chromium: Runtime = {
  name: "Chromium",
  missing: () => noFile(chromiumFile) ?? noFile(join(modules, "playwright-core")),
  async run(url) {
    const browser = await require("playwright-core").chromium.launch({
      executablePath: chromiumFile,
      args: chromiumFlags,
    });
    try {
      const page = await browser.newPage();
      await page.goto(url);
      return await page.evaluate(
        'import("/contract.js").then((contract) => contract.runContract(location.origin))',
      );
    } finally {
      await browser.close();
    }
  },
};

const worker = `import { runContract } from "./contract.mjs";
  export default {
    async fetch(request) {
      return Response.json(await runContract(new URL(request.url).searchParams.get("server")));
    },
  };`;

const workerd: Runtime = {
  name: "workerd",
  missing: () => noFile(join(modules, "miniflare")),
  async run(url, bundle) {
    const { Miniflare } = require("miniflare");
    const miniflare = new Miniflare({
      compatibilityDate: "2026-01-01",
      modules: [
        { type: "ESModule", path: "worker.mjs", contents: worker },
        { type: "ESModule", path: "contract.mjs", contents: bundle.code },
      ],
    });
    try {
      const response = await miniflare.dispatchFetch(`http://localhost/?server=${encodeURIComponent(url)}`);
      return await response.json();
    } finally {
      await miniflare.dispose();
    }
  },
};

export const runtimes: readonly Runtime[] = [
  program("Node 24", process.execPath, ["--input-type=module", "--eval"]),
  program("Node 22", join(modules, "node22/bin/node"), ["--input-type=module", "--eval"]),
  program("Deno", join(modules, "deno/deno"), ["eval"]),
  program("Bun", join(modules, "bun/bin/bun"), ["--eval"]),
  chromium,
  workerd,
];
