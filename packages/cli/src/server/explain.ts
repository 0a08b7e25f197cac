import { ConnectionError, MuxiError } from "muxi-client";
import { CliError } from "../base/errors.ts";

/** Texts of docs/spec/cli.md "Errors of a server". */
export const errorTexts: Readonly<Record<number, string>> = {
  401: "authentication failed - check server credentials",
  403: "access denied",
};

/** What the server, or its silence, means to the user. Errors of another origin come back as they are. */
export const explainServerError = (error: unknown, title: string): unknown => {
  if (error instanceof ConnectionError) {
    return new CliError("Server not running", {
      detail: [error.message],
      hint: "Run: muxi server start --daemon",
      cause: error,
    });
  }
  if (!(error instanceof MuxiError) || error.statusCode === 0) return error;
  const text = errorTexts[error.statusCode];
  const detail = text === undefined ? error.message.split("\n") : [text, error.message];
  // Its own credentials were sent: it has others, because they were changed since it was started.
  const hint =
    error.statusCode === 401 ? { hint: "Run: muxi server stop, then muxi server start --daemon" } : {};
  return new CliError(title, { detail, ...hint, cause: error });
};
