import * as z from "zod";
import {
  before,
  count,
  flag,
  type Infer,
  isoTime,
  lazy,
  limit,
  named,
  namedRequest,
  next,
  text,
} from "../base/index.ts";
import { onBusySchema } from "./chat.ts";
import { citationsSchema } from "./citations.ts";

/** docs/spec/formation-api.md "Sessions". */
export const sessionSummarySchema = named("SessionSummary", "A session in a list.", () =>
  z.object({
    session_id: text("Id to continue the session by"),
    user_id: text("User whose session it is"),
    last_activity: isoTime("When something last happened in it"),
    active: z.boolean().describe("Whether something happened in the last 30 minutes"),
  }),
);

export const sessionListSchema = named("SessionList", "Sessions of a user.", () =>
  z.object({
    sessions: z.array(sessionSummarySchema()).describe("The sessions, newest first"),
    count: count("sessions in this answer"),
    next: next(),
  }),
);

export const sessionSchema = named("Session", "A session: a conversation of one user.", () =>
  sessionSummarySchema().extend({
    message_count: count("messages in the session"),
    created_at: isoTime("When the session began"),
    summary: text(
      "What was said in it, in short; absent while all of it is in the window of the model, or nothing is summarised",
    ).optional(),
  }),
);

export const roleSchema = lazy(() => z.enum(["user", "assistant", "system"]));

export type Role = Infer<typeof roleSchema>;

/** `text` and `metadata` repeat the content in the shape that older clients read. */
export const messageSchema = named("Message", "A stored message.", () =>
  z.object({
    id: text("Id of the message"),
    role: roleSchema().describe("Who said it"),
    content: text("What was said"),
    timestamp: isoTime("When it was said; no two messages of a session have the same time"),
    agent_id: text("Agent that said it; absent for other roles").optional(),
    request_id: text("Request that it belongs to; absent for a message that was restored").optional(),
    text: text("The content again, for clients that know only this field"),
    metadata: z
      .looseObject({
        citations: citationsSchema().optional(),
      })
      .describe("What was stored with the message, and role, user, session and time again"),
  }),
);

export type Message = Infer<typeof messageSchema>;

export const messageListSchema = named("MessageList", "The newest messages of a session.", () =>
  z.object({
    session_id: text("Id to continue the session by"),
    messages: z.array(messageSchema()).describe("The messages, oldest first; none for an unknown session"),
    count: count("messages in this answer"),
    has_more: z
      .boolean()
      .describe("Whether the session has older ones: ask again with `before` set to the oldest timestamp"),
  }),
);

/** An ISO time; one without a zone is UTC. */
const time = (what: string) =>
  z.iso
    .datetime({ offset: true, local: true })
    .transform((text) => Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`))
    .describe(`${what}, ISO 8601; UTC when it names no zone`);

export const sessionListQuerySchema = lazy(() =>
  z.object({
    limit: limit("Sessions to return", 1000, 50),
    before: before(),
    active_only: flag("Only sessions in which something happened in the last 30 minutes").prefault("false"),
  }),
);

export const messageListQuerySchema = lazy(() =>
  z.object({
    limit: limit("Messages to return", 1000, 50),
    before: time("Only messages older than this").optional(),
  }),
);

export const restoreMessageSchema = namedRequest("RestoreMessage", "A message to store.", () =>
  z
    .object({
      role: roleSchema().describe("Who said it; absent, `role` of `metadata`").optional(),
      content: text("What was said; absent, `text`").optional(),
      text: text("Another name for `content`, as a session lists its messages").optional(),
      timestamp: time("When it was said")
        .describe(
          "When it was said, ISO 8601, UTC when it names no zone; absent, right after the message before",
        )
        .optional(),
      agent_id: text("Agent that said it; absent for other roles").optional(),
      metadata: z
        .record(z.string(), z.unknown())
        .optional()
        .describe("What to store with the message; absent, nothing"),
    })
    .transform(({ role, text, content = text, ...message }, context) => {
      const known = role ?? roleSchema().safeParse(message.metadata?.role).data;
      if (known && content !== undefined) return { ...message, role: known, content };
      const path = [known ? "content" : "role"];
      context.addIssue({ code: "invalid_type", expected: "string", path, input: undefined });
      return z.NEVER;
    }),
);

export const restoreRequestSchema = namedRequest(
  "RestoreRequest",
  "Messages that take the place of those of a session.",
  () =>
    z.object({
      messages: z
        .array(restoreMessageSchema())
        .max(10_000)
        .describe("The messages, at most 10,000; they are stored in the order of their times"),
    }),
);

export const restoreResultSchema = named("RestoreResult", "The messages of a session were replaced.", () =>
  z.object({
    session_id: text("Id to continue the session by"),
    messages_loaded: count("messages that were stored"),
    messages_dropped: count("oldest messages that did not fit into the buffer"),
    message: text("What was done, in words"),
  }),
);

export const queuedMessageSchema = named(
  "QueuedMessage",
  "A message that waits for the end of the one before it in its session.",
  () =>
    z.object({
      request_id: text("Request that will answer it, by which it is followed, changed and deleted"),
      message: text("What the user said"),
      on_busy: onBusySchema().describe("What it does while the session is at work on another message"),
      created_at: isoTime("When it came"),
    }),
);

export const sessionQueueSchema = named("SessionQueue", "The messages of a session that wait.", () =>
  z.object({
    session_id: text("Session of the messages"),
    messages: z
      .array(queuedMessageSchema())
      .describe("The messages, in the order in which they are answered"),
    count: count("messages in this answer"),
  }),
);

/** Body of `PATCH /sessions/{session_id}/queue/{request_id}` (docs/spec/formation-api.md "Queued messages"). */
export const queuedMessageChangeSchema = namedRequest(
  "QueuedMessageChange",
  "Other words for a message.",
  () => z.object({ message: text("What the user says instead; not blank, as long as a message may be") }),
);

export const queuedMessageDeletedSchema = named("QueuedMessageDeleted", "A message was taken back.", () =>
  z.object({
    request_id: text("Request that is cancelled"),
    session_id: text("Session that the message is deleted from"),
    status: z.literal("cancelled").describe("Always `cancelled`"),
  }),
);
