import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError } from "@muxi/protocol";

/** What Node says of a connection that it cannot go on with, as a caller may hear it. */
const failureOf = (error: NodeJS.ErrnoException): ApiError => {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return new ApiError(
        "HEADERS_TOO_LARGE",
        "The headers are larger than 16 KB together: send less in them",
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ApiError("TIMEOUT", "The request did not come whole in time: send it again");
    default:
      return new ApiError("INVALID_REQUEST", "What came is no HTTP request: check method, headers and body");
  }
};

/** Whether an answer has begun on the connection: what is written now would end up inside it. */
const isAnswering = (socket: Duplex): boolean => {
  // Node keeps the answer under way here, and its own handler looks at it too.
  const message: unknown = Reflect.get(socket, "_httpMessage");
  return (
    typeof message === "object" &&
    message !== null &&
    "headersSent" in message &&
    message.headersSent === true
  );
};

/**
 * Answers requests that Node cannot read, which never reach a handler, as all others are answered.
 *
 * @param bodyOf The body that tells of a failure.
 */
export const answerUnreadable = (server: Server, bodyOf: (failure: ApiError) => string): void => {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    const failure = failureOf(error);
    const body = bodyOf(failure);
    socket.end(
      `HTTP/1.1 ${failure.status} ${failure.code}\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
};
