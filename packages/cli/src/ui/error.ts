import type { Context } from "../base/context.ts";
import type { CliError } from "../base/errors.ts";
import { coloursFor } from "./colours.ts";
import type { OutputFormat } from "./ui.ts";

/** Prints an error to stderr: as text for people, or as a JSON object for programs. */
export const showError = (
  { stderr, env }: Pick<Context, "stderr" | "env">,
  error: CliError,
  format: OutputFormat,
): void => {
  const { message, detail, hint } = error;
  if (format === "json") {
    stderr.write(`${JSON.stringify({ error: { message, detail, ...(hint !== undefined && { hint }) } })}\n`);
    return;
  }
  const colours = coloursFor(stderr, env);
  const lines = [
    `${colours.red("✗")} ${message}`,
    ...detail.map((line) => `  ${line}`),
    ...(hint === undefined ? [] : hint.split("\n").map((line) => `  ${colours.dim(line)}`)),
  ];
  stderr.write(`${lines.join("\n")}\n`);
};
