import { homedir } from "node:os";
import type { Context } from "./base/context.ts";
import { CliError } from "./base/errors.ts";
import { createProgram } from "./program/index.ts";
import { showError } from "./ui/index.ts";

const context: Context = {
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};
const args = process.argv.slice(2);

/** Read directly from the arguments, because parsing them may be what fails. */
const wantsJson = args.some(
  (arg, index) => arg === "--output=json" || (arg === "--output" && args[index + 1] === "json"),
);

const cliErrorOf = (error: unknown): CliError => {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return new CliError(String(error));
  const detail = context.env.MUXI_DEBUG && error.stack ? error.stack.split("\n") : [];
  return new CliError(error.message, { detail, cause: error });
};

// A reader such as `head` closes the pipe when it has enough: there is nothing left to do.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  process.exitCode = await createProgram(context).run(args);
} catch (error) {
  const failure = cliErrorOf(error);
  showError(context, failure, wantsJson ? "json" : "text");
  process.exitCode = failure.exitCode;
}
