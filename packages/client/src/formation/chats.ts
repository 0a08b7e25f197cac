import type { ChatRequest, ChatResult } from "@muxi/protocol/types";
import { AbortedError, NotFoundError, TimeoutError } from "../errors/index.ts";
import {
  type CallOptions,
  limitsOf,
  newRequestId,
  type Result,
  type StreamOptions,
  segment,
} from "../http/index.ts";
import { type ChatConnector, type ChatCursor, ChatStream, type StreamSettings } from "../stream/index.ts";
import { type Caller, createOpener, dataOf, type ForUser, type PlainCall } from "./caller.ts";
import type { RunnableTool, SchemaOf } from "./schema-types.ts";

/** A message and what goes with it, with the names of the wire. The method decides whether the answer is streamed. */
export type ChatPayload = Omit<ChatRequest, "stream" | "mode">;

/** A message whose answer is streamed. Its tools may be run by the stream itself. */
export type StreamPayload<Arguments extends object = Record<string, unknown>> = Omit<
  ChatPayload,
  "tools" | "format"
> & {
  /** What the answer is written in; of an object, its schema may be one of a library such as Zod. */
  format?:
    | ChatPayload["format"]
    | {
        /** An object. */
        type: "json";
        /** What it fits. */
        schema: SchemaOf<unknown>;
      };
  /** Tools that this program runs, by name; a list without `execute` leaves the calls to who reads the stream. */
  tools?: ChatPayload["tools"] | { readonly [Name in keyof Arguments]: RunnableTool<Arguments[Name]> };
};

/** Milliseconds after which stopping a request is given up: nobody waits for it. */
const stopTimeout = 5_000;

/** A chat without a user belongs to "0"; other calls must be told (docs/spec/formation-api.md "Users"). */
const ownerOf = (caller: Caller, userId: string | undefined): string => userId ?? caller.userId ?? "0";

/**
 * Milliseconds before a request that the server does not know is stopped again (docs/spec/formation-api.md "Client
 * retries"): it may be on its way still.
 */
const stopWaits = [250, 1_000, 3_000];

/** Stops a request. That it has ended by now, or that the server is gone, need not be known: the caller has left. */
const stop = async (caller: Caller, user: string | undefined, requestId: string): Promise<void> => {
  const path = `/requests/${segment("requestId", requestId)}`;
  const spec = {
    method: "DELETE",
    path,
    key: "either",
    user: "filter",
    userId: ownerOf(caller, user),
  } as const;
  const isUnknown = () =>
    dataOf(caller, spec, { timeout: stopTimeout }).then(
      () => false,
      (error) => error instanceof NotFoundError,
    );
  const insist = async () => {
    for (const wait of stopWaits) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (!(await isUnknown())) return;
    }
  };
  if (await isUnknown()) void insist();
};

/**
 * Waits for the answer of a request. A caller that no longer waits stops it (docs/spec/formation-api.md "Client retries").
 *
 * @param request Undefined when it goes on without its caller.
 * @param ask Makes the call, with options that leave it the time of an answer.
 */
export const answerOf = async <Answer>(
  caller: Caller,
  request: (ForUser & { requestId: string }) | undefined,
  { timeout = caller.answerTimeout, ...options }: CallOptions,
  ask: (options: CallOptions) => Promise<Answer>,
): Promise<Answer> => {
  const isSent = !options.signal?.aborted;
  try {
    return await ask({ ...options, timeout });
  } catch (error) {
    const hasLeft = error instanceof AbortedError || error instanceof TimeoutError;
    if (isSent && hasLeft && request) void stop(caller, request.userId, request.requestId);
    throw error;
  }
};

/** Sends a message and waits for the whole answer, or for its acceptance. */
export const askWhole = async <Data = ChatResult>(
  caller: Caller,
  spec: PlainCall,
  payload: Partial<ChatPayload>,
  { userId, ...options }: CallOptions & ForUser = {},
): Promise<Result<Data>> => {
  const requestId = payload.request_id ?? newRequestId();
  const json = { ...payload, request_id: requestId, stream: false };
  const request = payload.on_disconnect === "continue" ? undefined : { userId, requestId };
  return answerOf(caller, request, options, (patient) => dataOf(caller, { ...spec, userId, json }, patient));
};

/** The path of the events of a request. Throws ConfigurationError when an id is missing. */
const eventsPath = ({ sessionId, requestId }: { sessionId: string; requestId: string }): string =>
  `/events/${segment("sessionId", sessionId)}/${segment("requestId", requestId)}`;

const follower =
  (caller: Caller, userId: string | undefined, options: StreamOptions): ChatConnector["follow"] =>
  ({ after, ...ids }, lifetime) => {
    const path = eventsPath(ids);
    const spec = { path, key: "either", user: "filter", userId } as const;
    // The stream retries by itself.
    const open = createOpener(caller, spec, { ...options, maxRetries: 0 });
    return open(lifetime, { "last-event-id": String(after) });
  };

/** How a stream resumes after a cut, and how it stops its request. */
const followUp = (
  caller: Caller,
  user: string | undefined,
  options: StreamOptions,
): Required<Pick<ChatConnector, "follow" | "cancel">> => {
  return {
    follow: follower(caller, ownerOf(caller, user), options),
    cancel: (requestId) => stop(caller, user, requestId),
  };
};

const settingsOf = ({ transport }: Caller, options: StreamOptions, after: number): StreamSettings => ({
  ...limitsOf(options, transport),
  signal: options.signal,
  afterKeepAlive: false,
  after,
});

/** A stream that sends the message when it is first read. */
export const askStream = (
  caller: Caller,
  spec: PlainCall,
  { tools, format, ...payload }: Partial<StreamPayload>,
  { userId, ...options }: StreamOptions & ForUser,
): ChatStream => {
  const requestId = payload.request_id ?? newRequestId();
  const runnable = Array.isArray(tools) ? undefined : (tools ?? undefined);
  const json = { ...payload, tools, format, request_id: requestId, stream: true };
  const opened = (written: object) => createOpener(caller, { ...spec, userId, json: written }, options);
  const owner = { requestId, sessionId: payload.session_id ?? undefined };
  const isPlain = !runnable && typeof format !== "object";
  const connector: ChatConnector = {
    ...followUp(caller, userId, options),
    ask: isPlain
      ? opened(json)
      : async (lifetime) => opened((await import("./schemas.ts")).written(json))(lifetime),
  };
  if (runnable)
    connector.runTools = async (interrupt) => {
      const { runTools } = await import("./schemas.ts");
      const path = `/requests/${owner.requestId}/answer`;
      const call = { method: "POST", path, key: "either", user: "filter" } as const;
      await runTools(runnable, interrupt, options.signal, (json) =>
        dataOf(caller, { ...call, userId: ownerOf(caller, userId), json }, options),
      );
    };
  return new ChatStream(connector, owner, settingsOf(caller, options, 0));
};

const read = (
  caller: Caller,
  connector: ChatConnector,
  { after, ...ids }: ChatCursor,
  options: StreamOptions,
): ChatStream => {
  // Thrown now, not when the stream is read.
  eventsPath(ids);
  return new ChatStream(connector, ids, settingsOf(caller, options, after));
};

/** The rest of an answer for whoever asked: leaving the stream stops the request. */
export const resume = (
  caller: Caller,
  cursor: ChatCursor,
  { userId, ...options }: StreamOptions & ForUser,
): ChatStream => read(caller, followUp(caller, userId, options), cursor, options);

/** An answer from its beginning for an observer: leaving the stream does not stop the request. */
export const watch = (
  caller: Caller,
  { userId, ...ids }: ForUser & { sessionId: string; requestId: string },
  options: StreamOptions,
): ChatStream => read(caller, { follow: follower(caller, userId, options) }, { ...ids, after: 0 }, options);
