import type { ModelConfig } from "@muxi/formation";
import type { AnswerHead, HttpClient, OutgoingRequest } from "@muxi/http";
import { startTimeLimit } from "../base/index.ts";
import { ModelError, networkError, responseError, timeoutError } from "./interface/index.ts";

/** A request to a model that answers in one piece. */
export interface WholeCall extends Omit<OutgoingRequest, "method"> {
  config: ModelConfig;
  /** Milliseconds for everything. */
  timeout: number;
  /** Bytes of an answer. */
  limit: number;
  /** What is wrong with a longer one. */
  tooLong: () => ModelError;
}

const read = (
  http: HttpClient,
  { url, headers, body, limit, tooLong }: WholeCall,
  signal: AbortSignal,
): Promise<{ head: AnswerHead; text: string }> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const pieces: Buffer[] = [];
    let size = 0;
    let answer: AnswerHead | undefined;
    const onAbort = () => {
      call.abort();
      reject(signal.reason);
    };
    const call = http.send(
      { method: "POST", url, headers, body },
      {
        head(head) {
          answer = head;
        },
        data(piece) {
          size += piece.length;
          if (size > limit) {
            call.abort();
            this.failed(tooLong());
          } else pieces.push(Buffer.from(piece));
        },
        end() {
          signal.removeEventListener("abort", onAbort);
          if (answer) resolve({ head: answer, text: Buffer.concat(pieces).toString("utf8") });
        },
        failed(error) {
          signal.removeEventListener("abort", onAbort);
          reject(error);
        },
      },
    );
    signal.addEventListener("abort", onAbort, { once: true });
  });

/**
 * Asks a model that answers in one piece, and gives the text of its answer.
 *
 * @throws ModelError, or the reason of `signal`
 */
export const wholeAnswer = async (
  http: HttpClient,
  call: WholeCall,
  signal: AbortSignal,
): Promise<string> => {
  const { config, url } = call;
  const limit = startTimeLimit(call.timeout, signal);
  try {
    const { head, text } = await read(http, call, limit.signal);
    if (head.status === 200) return text;
    throw responseError(config, head.status, Object.fromEntries(head.headers), text);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ModelError) throw error;
    if (limit.isOver) throw timeoutError(config);
    throw networkError(config, url.origin, error instanceof Error ? error : new Error(String(error)));
  } finally {
    limit.end();
  }
};
