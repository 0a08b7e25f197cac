import { STATUS_CODES } from "node:http";
import type { ServerErrorBody } from "@muxi/protocol";

/**
 * An error whose message the client may see, with its HTTP status (docs/spec/server-api.md "Answers of the server").
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const errorBody = (code: number, message: string): ServerErrorBody => ({
  error: STATUS_CODES[code] ?? "Error",
  message,
  code,
});
