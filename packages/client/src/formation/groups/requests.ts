import type { CancelResult, RequestList, RequestStatus, RequestSummary } from "@muxi/protocol/types";
import type { CallOptions, Pages, Result, StreamOptions } from "../../http/index.ts";
import type { ChatStream } from "../../stream/index.ts";
import { access, endpoint, type ForUser, pagedEndpoint, pagesOf, streamMethod, watch } from "../index.ts";

/** Chats, triggers and runs of jobs, in the background or not (docs/spec/formation-api.md "Requests"). */
export interface RequestMethods {
  /**
   * Lists the user's requests, newest first; with the admin key and no user, everyone's. Awaited, it is one page; iterated,
   * all.
   */
  list(
    args?: ForUser & {
      /** Size of a page, 1 to 1000. Default 50; in an iteration 100. */
      limit?: number | undefined;
      /** Only requests after those of an earlier answer: its `next`. */
      before?: string | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<RequestList>, RequestSummary>;

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
  list: pagedEndpoint(
    "getRequests",
    "/requests",
    access.filter,
    { limit: true, before: true },
    pagesOf(({ requests }: RequestList) => requests),
  ),
  get: endpoint("getRequest", "GET", "/requests/{requestId}", access.filter, {}),
  cancel: endpoint("cancelRequest", "DELETE", "/requests/{requestId}", access.filter, {}),
  stream: streamMethod("streamRequest", "{ sessionId, requestId, userId }", (caller, args, options = {}) =>
    watch(caller, args, options),
  ),
});
