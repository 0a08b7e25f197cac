import type { ModelConfig } from "@muxi/formation";
import { asError, BodyTooLongError, type HttpClient, type OutgoingRequest, sendWhole } from "@muxi/http";
import { startTimeLimit } from "../../base/index.ts";
import { ModelError, networkError, responseError, timeoutError } from "../interface/index.ts";

/** A request whose answer comes in one piece. */
export interface WholeCall extends Omit<OutgoingRequest, "method"> {
  config: ModelConfig;
  /** Time limit for the whole request, in milliseconds. */
  timeout: number;
  /** Largest answer, in bytes. */
  limit: number;
  /** Error for a larger answer. */
  tooLong: () => ModelError;
}

/**
 * Sends a request whose answer comes in one piece, and returns its text.
 *
 * @throws ModelError, or the reason of `signal`
 */
export const wholeAnswer = async (
  http: HttpClient,
  call: WholeCall,
  signal: AbortSignal,
): Promise<string> => {
  const { config, url, headers, body, tooLong } = call;
  const limit = startTimeLimit(call.timeout, signal);
  try {
    const response = await sendWhole(
      http,
      { method: "POST", url, headers, body },
      { limit: call.limit, signal: limit.signal },
    );
    const { head, failure } = response;
    if (failure instanceof BodyTooLongError) throw tooLong();
    if (failure !== undefined) throw failure;
    const text = response.body.toString("utf8");
    if (head.status === 200) return text;
    throw responseError(config, head.status, Object.fromEntries(head.headers), text);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ModelError) throw error;
    if (limit.isOver) throw timeoutError(config);
    throw networkError(config, url.origin, asError(error));
  } finally {
    limit.end();
  }
};
