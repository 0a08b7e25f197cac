import { EventLog, type Feed, type FeedFilter } from "../events/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { usageOf } from "../models/index.ts";
import { type Overlord, questionOf, type Register } from "../overlord/index.ts";
import type { StoredRequest } from "../store/index.ts";
import { travelsUnseen } from "./address.ts";
import { type Endpoints, streamed } from "./endpoint.ts";
import { readPart } from "./list-page.ts";
import { eventStreamHeaders, streamEvents } from "./sse.ts";

/** Silence after which a comment shows that a stream of events is alive, in milliseconds. */
const keepAliveAfter = 10_000;
/** Bytes that may wait for a slow reader; one that falls further behind is disconnected. */
const mostWaiting = 1_048_576;

const seconds = (at: number) => at / 1000;

const summaryOf = (request: StoredRequest) => {
  const { id, userId, status, createdAt, error } = request;
  const interrupt = status === "awaiting_clarification" ? questionOf(request).interrupt : undefined;
  return {
    request_id: id,
    user_id: userId,
    status,
    progress: null,
    created_at: seconds(createdAt),
    ...(error !== null && { error }),
    ...(interrupt && { interrupt }),
  };
};

/** Also of a request that a version before answered, whose agent is not stored. */
const spendingOf = ({ agentId, model, ...counts }: StoredRequest) =>
  model === null
    ? {}
    : {
        ...(agentId !== null && { agent_id: agentId }),
        model,
        usage: usageOf({
          input: counts.inputTokens ?? 0,
          output: counts.outputTokens ?? 0,
          cached: counts.cachedTokens ?? 0,
          cacheWrite: counts.cacheWriteTokens ?? 0,
        }),
      };

const statusOf = (request: StoredRequest) => {
  const { kind, status, createdAt, startedAt, completedAt, log: stored, sessionId } = request;
  const log = new EventLog();
  if (stored !== null) log.takeUp(stored);
  const { lastEvent } = log;
  const { clarification, object, metadata } = lastEvent?.type === "done" ? lastEvent : {};
  return {
    ...summaryOf(request),
    session_id: sessionId,
    kind,
    ...(completedAt !== null && {
      completed_at: seconds(completedAt),
      duration_ms: completedAt - (startedAt ?? createdAt),
    }),
    ...spendingOf(request),
    ...(status === "completed" && {
      result: log.text,
      ...(object !== undefined && { object }),
      ...(metadata && { metadata }),
    }),
    ...(status === "awaiting_clarification" &&
      clarification && { clarification: { question: clarification.question } }),
  };
};

/** Streams events from now on (docs/spec/formation-api.md "Feed of a user"). */
const streamFeed = (response: HttpResponse, feed: Feed, filter: FeedFilter) => {
  response.writeHead(200, eventStreamHeaders);
  response.write(": following\n\n");
  const stop = feed.listen(filter, ({ type, at, message, sessionId, requestId }) => {
    const event = {
      type,
      timestamp: seconds(at),
      message,
      session_id: sessionId,
      request_id: requestId,
    };
    response.write(`data: ${JSON.stringify(event)}\n\n`);
    timer.refresh();
    if (response.writableLength > mostWaiting) response.destroy();
  });
  const timer = setInterval(() => response.write(": keepalive\n\n"), keepAliveAfter);
  response.on("close", () => {
    clearInterval(timer);
    stop();
  });
};

/** Requests and their events (docs/spec/formation-api.md "Requests" and "Events"). */
export const requestEndpoints = ({
  register,
  feed,
  overlord,
}: {
  register: Register;
  feed: Feed;
  overlord: Pick<Overlord, "answer">;
}) =>
  ({
    async getRequests({ userId, query }) {
      const { rows, next } = await readPart(
        query,
        (page) => register.list({ userId, isWaiting: query.waiting }, page),
        ({ createdAt: at, seq }) => ({ at, seq }),
      );
      return {
        requests: rows.map((request) => ({
          ...summaryOf(request),
          completed_at: request.completedAt === null ? null : seconds(request.completedAt),
        })),
        count: rows.length,
        next,
      };
    },

    async getRequest({ params: { request_id }, userId }) {
      return statusOf(await register.get(request_id, userId));
    },

    async cancelRequest({ params: { request_id }, userId }) {
      const cancellation = await register.cancel(request_id, userId);
      return { request_id, status: "cancelled" as const, cancellation, message: "Request cancelled" };
    },

    async answerRequest({ params: { request_id }, userId, keyUsed, body, request }) {
      const { sessionId, status } = await overlord.answer({
        requestId: request_id,
        interruptId: body.interrupt_id,
        action: body.action,
        value: body.value,
        editedArgs: body.edited_args,
        results: body.results?.map(({ id, content, is_error }) => ({ id, content, isError: is_error })),
        remember: body.remember,
        userId,
        by: keyUsed === "admin" ? "admin" : "user",
        ip: request.http.remoteAddress,
        isPrivate: travelsUnseen(request),
      });
      return { request_id, session_id: sessionId, status };
    },

    async getUserEvents({ userId, response }) {
      streamFeed(response, feed, { userId });
      return streamed;
    },

    async getSessionEvents({ params: { session_id }, userId, response }) {
      streamFeed(response, feed, { userId, sessionId: session_id });
      return streamed;
    },

    async getRequestEvents({ params, query, userId, request, response }) {
      const { log, stop } = await register.follow(params.request_id, params.session_id, userId);
      const lastEventId = Number(request.headers["last-event-id"]);
      const after = query.after ?? (Number.isInteger(lastEventId) && lastEventId > 0 ? lastEventId : 0);
      response.on("close", stop);
      streamEvents(response, log, after, () => {});
      return streamed;
    },
  }) satisfies Partial<Endpoints>;
