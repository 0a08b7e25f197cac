import { ApiError, citationsSchema, type Message, type routes } from "@muxi/protocol";
import { isoTime } from "../base/index.ts";
import type { SessionQueue } from "../overlord/index.ts";
import type { Owner, SessionRepository, SessionSummary, StoredMessage } from "../store/index.ts";
import type { Endpoint } from "./endpoint.ts";
import { readPart } from "./list-page.ts";
import { sessionQueueEndpoints } from "./session-queue.ts";

/** Time for which a session counts as active after its last message, in milliseconds. */
const activeFor = 30 * 60_000;

interface SessionDeps {
  formationId: string;
  sessions: SessionRepository;
  /** Number of newest messages that a restored session keeps (docs/spec/formation-files.md "Sessions and the buffer"). */
  restoreLimit: number;
  queue: SessionQueue;
  /** Characters (docs/spec/formation-files.md "Manifest: input_limits"). */
  longestMessage: number;
  now: () => number;
}

/** Where a session stands in a list of sessions. */
export const placeOfSession = ({ lastActivity: at, seq }: SessionSummary) => ({ at, seq });

const notFound = (sessionId: string) =>
  new ApiError(
    "RESOURCE_NOT_FOUND",
    `Session '${sessionId}' not found: GET /v1/sessions lists the user's own`,
  );

/** What was stored with a message. A session that was restored has whatever its caller sent. */
const storedWith = ({ metadata: { citations, ...metadata } }: StoredMessage) => {
  if (citations === undefined) return metadata;
  const { data } = citationsSchema().safeParse(citations);
  return data ? { ...metadata, citations: data } : metadata;
};

const wireMessage = (message: StoredMessage, owner: Owner, sessionId: string): Message => {
  const timestamp = isoTime(message.createdAt);
  const { id, role, content, agentId, requestId } = message;
  return {
    id,
    role,
    content,
    timestamp,
    ...(agentId !== null && { agent_id: agentId }),
    ...(requestId !== null && { request_id: requestId }),
    text: content,
    metadata: { ...storedWith(message), role, user_id: owner.userId, session_id: sessionId, timestamp },
  };
};

/** The endpoints of docs/spec/formation-api.md "Sessions". */
export const sessionEndpoints = (deps: SessionDeps) => {
  const { formationId, sessions, restoreLimit, now } = deps;
  const ownerOf = (userId: string): Owner => ({ formationId, userId });
  const isActive = (lastActivity: number) => lastActivity >= now() - activeFor;

  const getSessions: Endpoint<typeof routes.getSessions> = async ({ query, userId }) => {
    const active = query.active_only ? { activeSince: now() - activeFor } : {};
    const { rows, next } = await readPart(
      query,
      (page) => sessions.list(ownerOf(userId), { ...page, ...active }),
      placeOfSession,
    );
    return {
      sessions: rows.map(({ id, lastActivity }) => ({
        session_id: id,
        user_id: userId,
        last_activity: isoTime(lastActivity),
        active: isActive(lastActivity),
      })),
      count: rows.length,
      next,
    };
  };

  const getSession: Endpoint<typeof routes.getSession> = async ({ params, userId }) => {
    const session = await sessions.get(ownerOf(userId), params.session_id);
    if (!session) throw notFound(params.session_id);
    return {
      session_id: session.id,
      user_id: userId,
      last_activity: isoTime(session.lastActivity),
      active: isActive(session.lastActivity),
      message_count: session.messageCount,
      created_at: isoTime(session.createdAt),
      ...(session.summary !== null && { summary: session.summary }),
    };
  };

  const getSessionMessages: Endpoint<typeof routes.getSessionMessages> = async ({
    params,
    query,
    userId,
  }) => {
    const owner = ownerOf(userId);
    const { messages, hasMore } = await sessions.messages(owner, params.session_id, {
      limit: query.limit,
      ...(query.before !== undefined && { before: query.before }),
    });
    return {
      session_id: params.session_id,
      messages: messages.map((message) => wireMessage(message, owner, params.session_id)),
      count: messages.length,
      has_more: hasMore,
    };
  };

  const restoreSession: Endpoint<typeof routes.restoreSession> = async ({ params, body, userId }) => {
    let time = body.messages.find(({ timestamp }) => timestamp !== undefined)?.timestamp ?? now();
    const sorted = body.messages
      .map((message) => {
        time = message.timestamp ?? time;
        return { ...message, timestamp: time };
      })
      .map(({ role, content, timestamp, agent_id, metadata }) => ({
        role,
        content,
        createdAt: timestamp,
        ...(agent_id !== undefined && { agentId: agent_id }),
        ...(metadata && { metadata }),
      }))
      .sort((a, b) => a.createdAt - b.createdAt);
    const kept = sorted.slice(-restoreLimit);
    if (!(await sessions.replace(ownerOf(userId), params.session_id, kept, now())))
      throw notFound(params.session_id);
    return {
      session_id: params.session_id,
      messages_loaded: kept.length,
      messages_dropped: sorted.length - kept.length,
      message: `Session restored with ${kept.length} message(s)`,
    };
  };

  return { getSessions, getSession, getSessionMessages, restoreSession, ...sessionQueueEndpoints(deps) };
};
