import * as z from "zod";
import { count, isoTime, named, orNull, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Buffers". */
export const bufferStatsSchema = named("BufferStats", "How full the buffers of recent messages are.", () =>
  z.object({
    total_entries: count("messages in all buffers"),
    total_users: count("users who have messages"),
    total_sessions: count("sessions that have messages"),
    buffer_size_kb: z.number().describe("Size of these messages in units of 1,024 characters"),
    max_size: count("messages that the buffers of these users can hold"),
    utilization: z.number().min(0).max(1).describe("How full the buffers are, 0 to 1"),
  }),
);

export const userBufferSchema = named("UserBuffer", "The recent messages of a user, in numbers.", () =>
  z.object({
    user_id: text("User whose messages they are"),
    total_messages: count("messages in the buffer"),
    sessions: z
      .array(
        z.object({
          session_id: text("Id to continue the session by"),
          message_count: count("messages of the session in the buffer"),
          last_activity: isoTime("When something last happened in the session"),
        }),
      )
      .describe("Sessions that the messages belong to"),
    buffer_size_kb: z.number().describe("Size of these messages in units of 1,024 characters"),
  }),
);

const cleared = () => ({
  message: text("What was done, in words"),
  user_id: orNull(text("User whose messages were removed; null for all users")),
});

export const bufferClearedSchema = named("BufferCleared", "Messages and their sessions were removed.", () =>
  z.object({
    ...cleared(),
    messages_cleared: count("messages that were removed"),
    sessions_cleared: count("sessions that were removed"),
  }),
);

export const sessionBufferClearedSchema = named(
  "SessionBufferCleared",
  "The messages of a session were removed.",
  () =>
    z.object({
      ...cleared(),
      session_id: text("Session whose messages were removed"),
      messages_cleared: count("messages that were removed"),
    }),
);

export const bufferListSchema = named("BufferList", "Deprecated form of `BufferStats`.", () =>
  z.object({
    buffers: z
      .array(
        z.object({
          total_entries: count("messages in all buffers"),
          max_size: count("messages that the buffers of these users can hold"),
          utilization: z.number().describe("How full the buffers are, 0 to 1"),
          kv_namespaces: z.array(z.string()).describe("Always empty"),
        }),
      )
      .describe("Always one entry, for all buffers together"),
  }),
);

export const allBuffersClearedSchema = named("AllBuffersCleared", "Deprecated form of `BufferCleared`.", () =>
  z.object({
    message: text("What was done, in words"),
    entries_cleared: count("messages that were removed"),
    kv_entries_cleared: z.number().int().describe("Always 0"),
  }),
);
