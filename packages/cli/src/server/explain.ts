import { ConnectionError, MuxiError, NotFoundError } from "muxi-client";
import { CliError } from "../base/errors.ts";

/** Texts of docs/spec/cli.md "Errors of a server". */
const statusTexts: Readonly<Record<number, string>> = {
  401: "authentication failed - check server credentials",
  403: "access denied",
};

/** The server that a failed call was sent to. */
export interface CalledServer {
  name: string;
  url: string;
  isThisMachine: boolean;
}

const explainConnection = (error: ConnectionError, { name, url, isThisMachine }: CalledServer): CliError => {
  const about = { detail: [error.message], cause: error };
  if (isThisMachine) {
    return new CliError("No server is running on this machine", {
      ...about,
      hint: "Run: muxi server start --daemon\nor add another server: muxi profiles add",
    });
  }
  if (/certificate/i.test(error.message)) {
    return new CliError(`The certificate of '${name}' (${url}) is not trusted`, {
      ...about,
      hint: "Use the host name that it was issued for. If it is self-signed: NODE_EXTRA_CA_CERTS=cert.pem muxi ...",
    });
  }
  return new CliError(`The server '${name}' (${url}) does not respond`, {
    ...about,
    hint: "Check that it is running and that its address is right: muxi profiles list",
  });
};

/** Turns a failed call to a server into an error for the user. Errors of other kinds are returned unchanged. */
export const explainServerError = (error: unknown, server: CalledServer, title: string): unknown => {
  if (error instanceof ConnectionError) return explainConnection(error, server);
  if (!(error instanceof MuxiError) || error.statusCode === 0) return error;
  const text = statusTexts[error.statusCode];
  const detail = [...(text === undefined ? [] : [text]), ...error.message.split("\n")];
  // The credentials were read from the server's own settings, so these have changed since it was started.
  const isOutdated = server.isThisMachine && error.statusCode === 401;
  const hint = "Run: muxi server stop, then muxi server start --daemon";
  return new CliError(title, { detail, ...(isOutdated && { hint }), cause: error });
};

/** As `explainServerError`, for calls about a deployed formation. */
export const explainDeployedError = (error: unknown, server: CalledServer, title: string): unknown => {
  if (!(error instanceof NotFoundError) || error.message === "Endpoint not found") {
    return explainServerError(error, server, title);
  }
  return new CliError("Formation not deployed", {
    detail: [error.message],
    hint: "Run: muxi deploy",
    cause: error,
  });
};
