export interface CliErrorOptions {
  /** Further lines below the title. */
  detail?: readonly string[];
  /** How to fix it: where possible, a command to run. */
  hint?: string;
  exitCode?: number;
  cause?: unknown;
}

/** An error as the user sees it (docs/spec/cli.md "Output"). */
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
