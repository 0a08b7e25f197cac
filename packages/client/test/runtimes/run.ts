import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { type Runtime, runtimes } from "./runtimes.ts";
import { startServer } from "./server.ts";

const here = import.meta.dirname;

const print = (text: string) => process.stdout.write(`${text}\n`);

const install = () => {
  if (existsSync(join(here, "node_modules"))) return;
  print("Installing the runtimes");
  try {
    // Every runtime's program lies in its package: no script needs to run.
    execFileSync("npm", ["ci", "--prefix", here, "--ignore-scripts"], { stdio: "inherit" });
  } catch {
    print("npm could not install the runtimes: only those that the machine has by itself can run");
  }
};

const bundleContract = async (): Promise<string> => {
  const bundle = await rolldown({
    input: join(here, "contract.ts"),
    platform: "browser",
    resolve: { conditionNames: ["muxi-source", "import", "default"] },
  });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  return output[0].code;
};

interface Counts {
  passed: number;
  failed: number;
}

/** Runs the contract in one runtime, with a server of its own, and prints how it went. */
const test = async (runtime: Runtime, code: string, file: string): Promise<Counts> => {
  const server = await startServer(code);
  try {
    const { passed, failures } = await runtime.run(server.url, { code, file });
    print(`${runtime.name}: ${passed} passed, ${failures.length} failed`);
    for (const { name, reason } of failures) print(`  ${name}: ${reason}`);
    return { passed, failed: failures.length };
  } catch (error) {
    print(`${runtime.name}: ${error instanceof Error ? error.message : String(error)}`);
    return { passed: 0, failed: 1 };
  } finally {
    await server.close();
  }
};

install();
const code = await bundleContract();
const folder = await mkdtemp(join(tmpdir(), "muxi-contract-"));
const file = join(folder, "contract.mjs");
await writeFile(file, code);

const counts: Counts = { passed: 0, failed: 0 };
let skipped = 0;
for (const runtime of runtimes) {
  const reason = runtime.missing();
  if (reason === undefined) {
    const { passed, failed } = await test(runtime, code, file);
    counts.passed += passed;
    counts.failed += failed;
  } else {
    skipped++;
    print(`${runtime.name}: skipped: ${reason}`);
  }
}
await rm(folder, { recursive: true });
print(`${counts.passed} passed, ${counts.failed} failed, ${skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
