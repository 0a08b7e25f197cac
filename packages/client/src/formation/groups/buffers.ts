import type { BufferCleared, BufferStats, SessionBufferCleared, UserBuffer } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint, type ForUser } from "../index.ts";

/** The recent messages of users (docs/spec/formation-api.md "Buffers"). */
export interface BufferMethods {
  /** Shows how full the buffers are. Needs the admin key. */
  stats(options?: CallOptions): Promise<Result<BufferStats>>;

  /** Counts the messages in the user's buffer, session by session. */
  get(args?: ForUser, options?: CallOptions): Promise<Result<UserBuffer>>;

  /**
   * Deletes the user's sessions and messages for good. Long-term memories stay.
   *
   * @example
   * await formation.clearUserBuffer({ userId: "user_123" });
   */
  clear(args?: ForUser, options?: CallOptions): Promise<Result<BufferCleared>>;

  /** Deletes one session and its messages for good. */
  clearSession(
    args: ForUser & {
      /** Session whose messages are removed. */
      sessionId: string;
    },
    options?: CallOptions,
  ): Promise<Result<SessionBufferCleared>>;

  /** Deletes the sessions and messages of every user for good. Needs the admin key. */
  clearAll(options?: CallOptions): Promise<Result<BufferCleared>>;
}

export const createBuffers = (): BufferMethods => ({
  stats: bareEndpoint("getBufferStats", "GET", "/memory/stats", access.admin),
  get: endpoint("getUserBuffer", "GET", "/memory/buffer", access.user, {}),
  // The endpoint would clear the buffers of all users if none were named.
  clear: endpoint("clearUserBuffer", "DELETE", "/memory/buffer", access.user, {}),
  clearSession: endpoint("clearSessionBuffer", "DELETE", "/memory/buffer/{sessionId}", access.filter, {}),
  clearAll: bareEndpoint("clearAllBuffers", "DELETE", "/memory/buffer", access.admin),
});
