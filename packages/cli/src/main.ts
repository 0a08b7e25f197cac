import { homedir } from "node:os";
import { run } from "./run.ts";

// A reader such as `head` closes the pipe when it has enough: there is nothing left to do.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const main = async () => {
  process.exitCode = await run(
    {
      env: process.env,
      cwd: process.cwd(),
      home: homedir(),
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    },
    process.argv.slice(2),
  );
};

void main();
