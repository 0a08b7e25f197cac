export interface CliErrorOptions {
  /** What there is to say beyond the title, line by line. */
  detail?: readonly string[];
  /** What to do about it: a command to run, where there is one. */
  hint?: string;
  exitCode?: number;
  cause?: unknown;
}

/** A failure in the words of the user, as the terminal shows it (docs/spec/cli.md "Output"). */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly detail: readonly string[];
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(title: string, { detail = [], hint, exitCode = 1, cause }: CliErrorOptions = {}) {
    super(title, cause === undefined ? undefined : { cause });
    this.detail = detail;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
