import type { CancelResult } from "@muxi/protocol/types";
import { path } from "../http/arguments.ts";
import type { CallOptions, StreamOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import { decodeJson } from "../stream/decode.ts";
import type { EventStream } from "../stream/event-stream.ts";
import type { FormationEvent, RequestList, RequestStatus } from "../wire/requests.ts";
import { FormationCaller } from "./caller.ts";

/** Names the user that a call is for; the client's own `userId` counts when it is left out. */
export interface ForUser {
  userId?: string | undefined;
}

/** What runs and what happens: requests and events (contract/formation-api.md 4.3, 4.5). */
export class Activity extends FormationCaller {
  /** The user's requests; with the admin key and no user, everyone's. */
  async getRequests({ userId }: ForUser = {}, options?: CallOptions): Promise<Result<RequestList>> {
    return this.call({ path: "/requests", key: "either", user: "filter", userId }, options);
  }

  /** How a request stands, and its result once completed. The server forgets it 300 s after its end. */
  async getRequest(
    { requestId, userId }: ForUser & { requestId: string },
    options?: CallOptions,
  ): Promise<Result<RequestStatus>> {
    return this.call(
      { path: path`/requests/${{ requestId }}`, key: "either", user: "filter", userId },
      options,
    );
  }

  /** Stops a request. Throws when it has already ended otherwise. */
  async cancelRequest(
    { requestId, userId }: ForUser & { requestId: string },
    options?: CallOptions,
  ): Promise<Result<CancelResult>> {
    const spec = { path: path`/requests/${{ requestId }}`, key: "either", user: "filter" } as const;
    return this.call({ ...spec, method: "DELETE", userId }, options);
  }

  /**
   * What happens in the user's sessions, or in one of them, from now until the loop is left; with the admin key and
   * no user, everyone's.
   *
   * @example
   * for await (const event of formation.streamEvents({ userId: "user_123" })) console.log(event.type, event.message);
   */
  streamEvents(
    { sessionId, userId }: ForUser & { sessionId?: string | undefined } = {},
    options: StreamOptions = {},
  ): EventStream<FormationEvent> {
    const below = sessionId === undefined ? "/events" : path`/events/${{ sessionId }}`;
    return this.follow(
      { path: below, key: "either", user: "filter", userId },
      options,
      decodeJson<FormationEvent>,
    );
  }
}
