// Starts a Postgres of its own, runs tests with it, and stops it.
//   npm run test:postgres [-- vitest arguments]   what stores there
//   npm run test:all                              that and everything else, side by side
import { spawn } from "node:child_process";
import { once } from "node:events";
import { findPostgres, postgresMissing, startPostgres } from "./postgres-server.ts";

const run = async (programs: string, args: readonly string[]): Promise<number> => {
  const server = await startPostgres(programs, {
    settings: ["fsync=off", "full_page_writes=off", "max_connections=500"],
  });
  try {
    const tests = spawn("npx", ["vitest", "run", ...args], {
      stdio: "inherit",
      env: { ...process.env, MUXI_TEST_POSTGRES: server.url },
    });
    const [code] = await once(tests, "exit");
    return code ?? 1;
  } finally {
    await server.stop();
  }
};

const programs = findPostgres();
if (programs === undefined) {
  process.stderr.write(`${postgresMissing}\n`);
  process.exit(process.env.CI ? 1 : 0);
}
const args = process.argv.slice(2);
const isTold = args.some((arg) => arg.startsWith("--project"));
process.exit(await run(programs, isTold ? args : ["--project=postgres", ...args]));
