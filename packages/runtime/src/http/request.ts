import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { PlainRequest } from "@muxi/http";
import { ApiError } from "@muxi/protocol";

/** A request as it came, whoever has read it. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
  /** Whether a header, by its name in lower case, came more than once. */
  repeats(name: string): boolean;
  /**
   * The body.
   *
   * @param limit Bytes.
   * @throws ApiError `PAYLOAD_TOO_LARGE`, `CANCELLED`
   */
  readBytes(limit: number): Promise<Buffer>;
}

export const tooLarge = () =>
  new ApiError("PAYLOAD_TOO_LARGE", "The body is too large: shorten the message or send fewer files");

const readBytes = (raw: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    raw.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length > limit) {
        raw.pause();
        reject(tooLarge());
      } else pieces.push(piece);
    });
    raw.on("end", () => {
      const [first] = pieces;
      resolve(pieces.length === 1 && first ? first : Buffer.concat(pieces));
    });
    // Nobody is left to read what is said about it.
    raw.on("close", () => {
      if (!raw.complete) reject(new ApiError("CANCELLED", "The caller left before its body was complete"));
    });
    raw.on("error", reject);
  });

/** A request that Node's server has read. */
export const nodeRequest = (raw: IncomingMessage): HttpRequest => ({
  method: raw.method ?? "GET",
  url: raw.url ?? "/",
  headers: raw.headers,
  remoteAddress: raw.socket.remoteAddress ?? "",
  repeats: (name) => (raw.headersDistinct[name]?.length ?? 0) > 1,
  readBytes: (limit) => readBytes(raw, limit),
});

class PlainHttpRequest implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly #socket: Socket;
  #body: Buffer | undefined;

  constructor({ method, url, body }: PlainRequest, headers: IncomingHttpHeaders, socket: Socket) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.#socket = socket;
    this.#body = body;
  }

  /** Few ask, and the socket asks the system. */
  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "";
  }

  repeats(): boolean {
    return false;
  }

  async readBytes(limit: number): Promise<Buffer> {
    const body = this.#body;
    this.#body = undefined;
    if (body && body.length > limit) throw tooLarge();
    return body ?? Buffer.alloc(0);
  }
}

/** A plain request; undefined where a header is there twice: how such are joined is Node's knowledge. */
export const plainRequest = (request: PlainRequest, socket: Socket): HttpRequest | undefined => {
  const headers: Record<string, string> = {};
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    if (headers[name] !== undefined) return undefined;
    headers[name] = rawHeaders[i + 1] ?? "";
  }
  return new PlainHttpRequest(request, headers, socket);
};
