import { Administration } from "./formation/administration.ts";
import type { FormationCall } from "./formation/caller.ts";
import type { FormationClientOptions } from "./formation/config.ts";
import { checkCallOptions } from "./http/limits.ts";
import type { CallOptions, StreamOptions } from "./http/send.ts";
import type { Result } from "./http/unwrap.ts";
import type { StreamSettings } from "./stream/event-stream.ts";

/**
 * Talks to one formation: through the MUXI server (`serverUrl` and `formationId`, `mode: "draft"` for the one under
 * development) or straight to it (`url`).
 *
 * @example
 * const formation = new FormationClient({
 *   serverUrl: "http://127.0.0.1:7890",
 *   formationId: "my-assistant",
 *   clientKey: process.env.MUXI_CLIENT_KEY,
 * });
 * console.log(await formation.chatStream({ message: "Hello" }, { userId: "user_123" }).text());
 */
export class FormationClient extends Administration {
  readonly #options: FormationClientOptions;

  /** @throws ConfigurationError with the name of the option that cannot be used. */
  constructor(options: FormationClientOptions = {}) {
    super(options);
    this.#options = { ...options };
  }

  /**
   * The same client for one user: every call that does not name another is theirs.
   *
   * @example
   * const { sessions } = await formation.as("user_123").getSessions();
   */
  as(userId: string): FormationClient {
    return new FormationClient({ ...this.#options, userId });
  }

  override async request(spec: FormationCall, options: CallOptions = {}): Promise<Response> {
    checkCallOptions(options);
    return super.request(spec, options);
  }

  // `ChatClient` leaves these checks to the compiler: its pages count bytes.
  protected override async call<Data>(spec: FormationCall, options: CallOptions = {}): Promise<Result<Data>> {
    checkCallOptions(options);
    return super.call(spec, options);
  }

  protected override streamSettings(
    options: StreamOptions,
    afterKeepAlive: boolean,
    after?: number,
  ): StreamSettings {
    checkCallOptions(options);
    return super.streamSettings(options, afterKeepAlive, after);
  }
}
