import type { Context } from "./base/context.ts";
import { CliError } from "./base/errors.ts";
import { createProgram } from "./program/index.ts";
import { showError } from "./ui/index.ts";

/** Read directly from the arguments, because parsing them may be what fails. */
const wantsJson = (args: readonly string[]): boolean =>
  args.some(
    (arg, index) =>
      arg === "--json" || arg === "--output=json" || (arg === "--output" && args[index + 1] === "json"),
  );

const cliErrorOf = ({ env }: Context, error: unknown): CliError => {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return new CliError(String(error));
  const detail = env.MUXI_DEBUG && error.stack ? error.stack.split("\n") : [];
  return new CliError(error.message, { detail, cause: error });
};

/**
 * Runs a command, and shows how it failed.
 *
 * @returns Its exit code.
 */
export const run = async (context: Context, args: readonly string[]): Promise<number> => {
  try {
    return await createProgram(context).run(args);
  } catch (error) {
    const failure = cliErrorOf(context, error);
    showError(context, failure, wantsJson(args) ? "json" : "text");
    return failure.exitCode;
  }
};
