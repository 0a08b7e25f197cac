import type { HttpClient, OutgoingRequest } from "./client.ts";
import type { ResponseHead } from "./response-head.ts";

/** A body that is longer than its reader allows. */
export class BodyTooLongError extends Error {
  override readonly name = "BodyTooLongError";
}

export interface WholeResponse {
  head: ResponseHead;
  body: Buffer;
  /**
   * Why the body is incomplete: a `BodyTooLongError`, a lost connection, or the signal's reason; undefined when it is
   * whole.
   */
  failure: unknown;
}

/**
 * Sends a request and collects its response. Once a head has arrived this resolves, however the body ends.
 *
 * @param options.limit Most bytes of a body.
 * @throws the reason of the signal, or Error when the connection fails before there is a head
 */
export const sendWhole = (
  http: HttpClient,
  request: OutgoingRequest,
  { limit, signal }: { limit: number; signal: AbortSignal },
): Promise<WholeResponse> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const read: Buffer[] = [];
    let size = 0;
    let head: ResponseHead | undefined;
    const end = (failure?: unknown) => {
      signal.removeEventListener("abort", onAbort);
      if (head) resolve({ head, body: Buffer.concat(read), failure });
      else reject(failure);
    };
    const breakOff = (reason: unknown) => {
      pending.abort();
      end(reason);
    };
    const onAbort = () => breakOff(signal.reason);
    const pending = http.send(request, {
      head(response) {
        head = response;
      },
      data(bytes) {
        size += bytes.length;
        if (size > limit) breakOff(new BodyTooLongError(`The body is longer than ${limit} bytes`));
        else read.push(Buffer.from(bytes));
      },
      end: () => end(),
      failed: end,
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
