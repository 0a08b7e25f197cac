// Starts a Postgres of its own, runs the tests of what stores there against it, and stops it.
//   npm run test:postgres [-- vitest arguments]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { findPostgres, postgresMissing, startPostgres } from "./postgres-server.ts";

/** What can store there: the runtime, and the server's replicas of it. */
const onPostgres = ["packages/runtime/test", "packages/server/test/replicas.test.ts"];

const run = async (programs: string): Promise<number> => {
  const server = await startPostgres(programs, {
    settings: ["fsync=off", "full_page_writes=off", "max_connections=500"],
  });
  try {
    const tests = spawn(
      "npx",
      ["vitest", "run", ...(process.argv.length > 2 ? process.argv.slice(2) : onPostgres)],
      { stdio: "inherit", env: { ...process.env, MUXI_TEST_POSTGRES: server.url } },
    );
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
process.exit(await run(programs));
