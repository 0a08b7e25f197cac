import type {
  CancelResult,
  RequestAnswer,
  RequestAnswerResult,
  RequestList,
  RequestStatus,
  RequestSummary,
} from "@muxi/protocol/types";
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
      /** Only those that wait for an answer, each with its `interrupt`. Default: false. */
      waiting?: boolean | undefined;
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
   * Answers what a request waits for, its `interrupt`: a question, or whether a tool may be called. The request goes on in the
   * background: follow it with `stream` or `get`. Throws a `ConflictError` when it does not wait for this answer.
   *
   * @example
   * await formation.requests.answer({ userId, requestId, interruptId: interrupt.id, action: "approve" });
   */
  answer(
    args: ForUser & {
      /** Id of the request. */
      requestId: string;
      /** Id of what it waits for, `interrupt.id`. */
      interruptId: string;
      /** `answer` with a `value`, `approve` or `deny` a call, `cancel` the request. */
      action: "answer" | "approve" | "deny" | "cancel";
      /** The answer: a text, or what `interrupt.schema` asks for; with `deny`, a text that says why not. */
      value?: unknown;
      /** What has come of the calls that this program makes, one for each. */
      results?: RequestAnswer["results"];
      /** With `approve`: arguments in place of those that the model chose. */
      editedArgs?: Record<string, unknown> | undefined;
      /** With `approve`: whether calls of the same tool need no approval from now on. */
      remember?: "session" | "user" | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<RequestAnswerResult>>;

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
    { waiting: true, limit: true, before: true },
    pagesOf(({ requests }: RequestList) => requests),
  ),
  get: endpoint("getRequest", "GET", "/requests/{requestId}", access.filter, {}),
  cancel: endpoint("cancelRequest", "DELETE", "/requests/{requestId}", access.filter, {}),
  answer: endpoint(
    "answerRequest",
    "POST",
    "/requests/{requestId}/answer",
    access.filter,
    { interruptId: true, action: true, value: true, results: true, editedArgs: true, remember: true },
    { required: ["interruptId", "action"] },
  ),
  stream: streamMethod("streamRequest", "{ sessionId, requestId, userId }", (caller, args, options = {}) =>
    watch(caller, args, options),
  ),
});
