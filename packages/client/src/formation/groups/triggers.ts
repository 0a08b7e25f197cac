import type { Trigger, TriggerList, TriggerResult } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint, type ForUser } from "../index.ts";

/** Prompts that programs fire (docs/spec/formation-api.md "Triggers"). */
export interface TriggerMethods {
  /** Lists the names of the triggers. */
  list(options?: CallOptions): Promise<Result<TriggerList>>;

  /** Reads one trigger, and which data it uses. */
  get(
    args: {
      /** Name of the trigger. */
      name: string;
    },
    options?: CallOptions,
  ): Promise<Result<Trigger>>;

  /**
   * Fires a trigger: fills the data into its template and has the result answered. A caller that no longer waits, because
   * of its timeout or its signal, stops the answer; not so with `asyncMode`.
   *
   * @example
   * const result = await formation.fireTrigger({ name: "new-order", data: { order: { id: 7 } }, userId: "user_123" });
   * if (result.status === "completed") console.log(result.content);
   */
  fire(
    args: ForUser & {
      /** Name of the trigger. */
      name: string;

      /** What the template is filled with. */
      data: Record<string, unknown>;

      /** Do not wait for the answer; `getRequest` reads it later. Default false. */
      asyncMode?: boolean | undefined;

      /** Session to continue. Default: a new one. */
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
    { data: true, sessionId: true, asyncMode: "use_async" },
    // Always sent, because the server's default is the other one.
    { defaults: { asyncMode: false }, waits: ({ asyncMode }) => !asyncMode },
  ),
});
