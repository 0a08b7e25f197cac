import type { CancelResult, RequestList, RequestStatus } from "@muxi/protocol/types";
import type { CallOptions, Result, StreamOptions } from "../../http/index.ts";
import type { ChatStream } from "../../stream/index.ts";
import { access, endpoint, type ForUser, streamMethod, watch } from "../index.ts";

/** Chats, triggers and runs of jobs, in the background or not (docs/spec/formation-api.md "Requests"). */
export interface RequestMethods {
  /** Lists the user's requests, newest first; with the admin key and no user, everyone's. */
  list(
    args?: ForUser & {
      /** Requests to return, 1 to 1000. Default 50. */
      limit?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<RequestList>>;

  /** Reads how a request stands, and its result once it has completed. It is kept for 24 hours after its end. */
  get(
    args: ForUser & {
      /** Id of the request. */
      requestId: string;
    },
    options?: CallOptions,
  ): Promise<Result<RequestStatus>>;

  /** Stops a request. Throws when it has already completed or failed. */
  cancel(
    args: ForUser & {
      /** Id of the request. */
      requestId: string;
    },
    options?: CallOptions,
  ): Promise<Result<CancelResult>>;

  /**
   * Watches the answer to a request from its beginning, as far as the server still has it. Leaving the loop does not
   * stop the request.
   */
  stream(
    args: ForUser & {
      /** Session of the request. */
      sessionId: string;
      /** Id of the request. */
      requestId: string;
    },
    options?: StreamOptions,
  ): ChatStream;
}

export const createRequests = (): RequestMethods => ({
  list: endpoint("getRequests", "GET", "/requests", access.filter, { limit: "limit" }),
  get: endpoint("getRequest", "GET", "/requests/{requestId}", access.filter, {}),
  cancel: endpoint("cancelRequest", "DELETE", "/requests/{requestId}", access.filter, {}),
  stream: streamMethod("streamRequest", "{ sessionId, requestId, userId }", (caller, args, options = {}) =>
    watch(caller, args, options),
  ),
});
