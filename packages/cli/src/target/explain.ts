import {
  AuthenticationError,
  ConnectionError,
  MuxiError,
  NotFoundError,
  StreamTruncatedError,
} from "muxi-client";
import { CliError } from "../base/errors.ts";

/** Turns a failed call to a formation into an error for the user. Errors of other kinds are returned unchanged. */
export const explainFailure = (
  error: unknown,
  { formationId, isDraft }: { formationId: string; isDraft: boolean },
): unknown => {
  if (!(error instanceof MuxiError)) return error;
  const about = { detail: [error.message], cause: error };
  const start = isDraft ? "Run: muxi up" : `Run: muxi remote get ${formationId}`;
  if (error instanceof StreamTruncatedError) {
    return new CliError("The answer broke off", {
      ...about,
      hint: "Ask again. /history shows what was stored",
    });
  }
  if (error instanceof ConnectionError) {
    return new CliError(`Formation '${formationId}' does not respond`, { ...about, hint: start });
  }
  if (error instanceof AuthenticationError) {
    const hint = isDraft
      ? `Its keys have changed since 'muxi up'. Run: muxi down ${formationId}, then muxi up`
      : "Set MUXI_CLIENT_KEY to the client key of the deployed formation";
    return new CliError(`Formation '${formationId}' rejects the key`, { ...about, hint });
  }
  // The server's own responses: the formation is not deployed or not running.
  if (
    error.code === "Formation not found" ||
    error.code === "Formation unavailable" ||
    error.code === "Bad gateway"
  ) {
    return new CliError(`Formation '${formationId}' is not running`, { ...about, hint: start });
  }
  if (error instanceof NotFoundError) return new CliError(error.message, { cause: error });
  return new CliError("The formation could not answer", about);
};
