import type { Trigger, TriggerList, TriggerResult } from "@muxi/protocol/types";
import type { CallOptions } from "../../http/send.ts";
import type { Result } from "../../http/unwrap.ts";
import type { ForUser } from "../caller.ts";
import { access, bareEndpoint, endpoint } from "../endpoints.ts";

/** Prompts that programs fire (docs/spec/formation-api.md "Triggers"). */
export interface TriggerMethods {
  /** Lists the names of the triggers. */
  list(options?: CallOptions): Promise<Result<TriggerList>>;

  /** Reads one trigger, and which data it uses. */
  get(args: { name: string }, options?: CallOptions): Promise<Result<Trigger>>;

  /**
   * Fires a trigger: fills the data into its template and has the result answered.
   *
   * `asyncMode`: do not wait for the answer; `getRequest` reads it later. Default false.
   *
   * @example
   * const result = await formation.fireTrigger({ name: "new-order", data: { order: { id: 7 } }, userId: "user_123" });
   * if (result.status === "completed") console.log(result.content);
   */
  fire(
    args: ForUser & {
      name: string;
      data: Record<string, unknown>;
      asyncMode?: boolean | undefined;
      sessionId?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<TriggerResult>>;
}

export const createTriggers = (): TriggerMethods => ({
  list: bareEndpoint("getTriggers", "GET", "/triggers", access.client),
  get: endpoint("getTrigger", "GET", "/triggers/{name}", access.client, {}),
  fire: endpoint(
    "fireTrigger",
    "POST",
    "/triggers/{name}",
    { ...access.client, user: "optional", repeatable: true },
    { data: "data", sessionId: "session_id", asyncMode: "use_async" },
    // Always sent, because the server's default is the other one.
    { defaults: { asyncMode: false } },
  ),
});
