import { isoTime } from "../base/index.ts";
import type { BufferRepository } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";

interface BufferDeps {
  formationId: string;
  buffers: BufferRepository;
  /** Messages of a user that the buffer holds (docs/spec/formation-files.md "Sessions and the buffer"). */
  capacity: number;
}

const kilobytes = (characters: number) => Math.round((characters / 1024) * 100) / 100;

/** The buffers of recent messages (docs/spec/formation-api.md "Buffers"). */
export const bufferEndpoints = ({ formationId, buffers, capacity }: BufferDeps) => {
  const stats = async () => {
    const { messages, users, sessions, characters } = await buffers.totals(formationId, capacity);
    const most = capacity * Math.max(users, 1);
    return {
      total_entries: messages,
      total_users: users,
      total_sessions: sessions,
      buffer_size_kb: kilobytes(characters),
      max_size: most,
      utilization: Math.round((messages / most) * 1000) / 1000,
    };
  };

  return {
    getMemoryStats: stats,

    async getUserBuffer({ userId }) {
      const sessions = await buffers.ofUser({ formationId, userId }, capacity);
      const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
      return {
        user_id: userId,
        total_messages: sum(sessions.map(({ messages }) => messages)),
        sessions: sessions.map(({ sessionId, messages, lastActivity }) => ({
          session_id: sessionId,
          message_count: messages,
          last_activity: isoTime(lastActivity),
        })),
        buffer_size_kb: kilobytes(sum(sessions.map(({ characters }) => characters))),
      };
    },

    async clearUserBuffer({ userId }) {
      const cleared = await buffers.clear(formationId, userId === undefined ? {} : { userId });
      const whose = userId === undefined ? "all users" : `user '${userId}'`;
      return {
        message: `Cleared ${cleared.messages} message(s) of ${whose}`,
        user_id: userId ?? null,
        messages_cleared: cleared.messages,
        sessions_cleared: cleared.sessions,
      };
    },

    async clearSessionBuffer({ params: { session_id }, userId }) {
      const { messages } = await buffers.clear(formationId, {
        sessionId: session_id,
        ...(userId !== undefined && { userId }),
      });
      return {
        message: `Cleared ${messages} message(s) of session '${session_id}'`,
        user_id: userId ?? null,
        session_id,
        messages_cleared: messages,
      };
    },

    async getBuffers() {
      const { total_entries, max_size, utilization } = await stats();
      return { buffers: [{ total_entries, max_size, utilization, kv_namespaces: [] }] };
    },

    async clearBuffers() {
      const { messages } = await buffers.clear(formationId, {});
      return {
        message: `Cleared ${messages} message(s) of all users`,
        entries_cleared: messages,
        kv_entries_cleared: 0,
      };
    },
  } satisfies Partial<Endpoints>;
};
