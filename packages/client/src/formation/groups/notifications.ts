import type { NotificationResult } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, endpoint, type ForUser } from "../index.ts";

/** Messages to users outside of a chat (docs/spec/formation-api.md "Calls of other servers"). */
export interface NotificationMethods {
  /** Sends the user a message over their channels. Throws when no channel takes it. */
  send(
    args: ForUser & {
      /** Text of the notification. */
      message: string;
      /** Channels to try. Default: those that the formation knows for the user. */
      channels?: string[] | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<NotificationResult>>;
}

export const createNotifications = (): NotificationMethods => ({
  send: endpoint(
    "sendNotification",
    "POST",
    "/notifications",
    access.client,
    { userId: true, message: true, channels: true },
    { required: ["userId", "message"] },
  ),
});
