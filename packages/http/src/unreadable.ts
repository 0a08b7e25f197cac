import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** Why Node cannot go on with a connection. */
export type Unreadable = "headers-too-large" | "too-late" | "not-http";

const reasons: Readonly<Record<string, Unreadable>> = {
  HPE_HEADER_OVERFLOW: "headers-too-large",
  ERR_HTTP_REQUEST_TIMEOUT: "too-late",
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
 * @param answerTo Status and JSON body of the answer.
 * @returns A listener of `clientError` of Node's HTTP server.
 */
export const answerUnreadable =
  (answerTo: (why: Unreadable) => { status: number; body: string }) =>
  (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    const { status, body } = answerTo(reasons[error.code ?? ""] ?? "not-http");
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
