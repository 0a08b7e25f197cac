import * as z from "zod";
import { named } from "../base/index.ts";

export const notificationResultSchema = named(
  "NotificationResult",
  "Whether a notification reached its user.",
  () =>
    z.looseObject({
      delivered: z.boolean().describe("Whether at least one channel took the message"),
    }),
);
