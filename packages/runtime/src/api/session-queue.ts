import { isoTime } from "../base/index.ts";
import type { SessionQueue } from "../overlord/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { checkMessage } from "./message.ts";

interface SessionQueueDeps {
  formationId: string;
  queue: SessionQueue;
  /** Characters (docs/spec/formation-files.md "Manifest: input_limits"). */
  longestMessage: number;
}

const wireMessage = ({ turn, createdAt }: Awaited<ReturnType<SessionQueue["change"]>>) => ({
  request_id: turn.requestId,
  message: turn.message,
  on_busy: turn.onBusy ?? "enqueue",
  created_at: isoTime(createdAt),
});

/** The endpoints of docs/spec/formation-api.md "Queued messages". */
export const sessionQueueEndpoints = ({ formationId, queue, longestMessage }: SessionQueueDeps) =>
  ({
    async getSessionQueue({ params: { session_id }, userId }) {
      const messages = (await queue.list({ formationId, userId }, session_id)).map(wireMessage);
      return { session_id, messages, count: messages.length };
    },

    async updateQueuedMessage({ params: { session_id, request_id }, userId, body: { message } }) {
      checkMessage(message, longestMessage);
      return wireMessage(await queue.change({ formationId, userId }, session_id, request_id, message));
    },

    async deleteQueuedMessage({ params: { session_id, request_id }, userId }) {
      await queue.remove({ formationId, userId }, session_id, request_id);
      return { request_id, session_id, status: "cancelled" as const };
    },
  }) satisfies Partial<Endpoints>;
