import type { FormationEvent } from "@muxi/protocol/types";
import { fillPath, type StreamOptions } from "../../http/index.ts";
import type { EventStream } from "../../stream/index.ts";
import { access, type ForUser, follow, streamMethod } from "../index.ts";

/** What happens in sessions (docs/spec/formation-api.md "Feed of a user"). */
export interface EventMethods {
  /**
   * Follows what happens in the user's sessions, or in one of them, until the loop is left; with the admin key and no
   * user, in everyone's.
   *
   * @example
   * for await (const event of formation.streamEvents({ userId: "user_123" })) console.log(event.type, event.message);
   */
  stream(
    args?: ForUser & {
      /** Only this session. Default: all sessions of the user. */
      sessionId?: string | undefined;
    },
    options?: StreamOptions,
  ): EventStream<FormationEvent>;
}

export const createEvents = (): EventMethods => ({
  stream: streamMethod(
    "streamEvents",
    "{ userId, sessionId }",
    (caller, { userId, sessionId } = {}, options) => {
      const path = sessionId === undefined ? "/events" : fillPath("/events/{sessionId}", { sessionId });
      return follow<FormationEvent>(caller, { ...access.filter, path, userId }, options);
    },
  ),
});
