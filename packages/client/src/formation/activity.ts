import type { FormationEvent, RequestList, RequestStatus } from "@muxi/protocol/types";
import { path } from "../http/arguments.ts";
import type { CallOptions, StreamOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import { decodeJson } from "../stream/decode.ts";
import { EventStream, type Source } from "../stream/event-stream.ts";
import type { FormationCall, ForUser } from "./caller.ts";
import { ChatClient } from "./chat-client.ts";

/** What runs and what happens: requests and events (docs/spec/formation-api.md "Requests" and "Events"). */
export class Activity extends ChatClient {
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

  /** A stream of events that goes on until the server closes it, and that nothing has to stop. */
  protected follow<Event>(
    spec: FormationCall,
    options: StreamOptions,
    decode: Source<Event>["decode"],
  ): EventStream<Event> {
    const open = this.opener(spec, options);
    const source: Source<Event> = {
      connect: (lifetime) => open(lifetime),
      decode,
      isLast: () => false,
      endless: true,
      canResume: () => false,
      stop: () => Promise.resolve(),
    };
    return new EventStream(source, this.streamSettings(options, true));
  }
}
