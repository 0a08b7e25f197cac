import * as z from "zod";
import { type Infer, lazy } from "../base/index.ts";
import { usageSchema } from "./chat.ts";

const tokensMessageSchema = lazy(() =>
  z.object({
    type: z.literal("tokens"),
    models: z.array(z.object({ model: z.string(), usage: usageSchema() })),
  }),
);

/** Tokens of the requests that have ended since the last message, by the model that answered. */
export type TokensMessage = Infer<typeof tokensMessageSchema>;

/** What the process of a formation tells the server that started it, over their IPC channel. */
export const processMessageSchema = lazy(() =>
  z.discriminatedUnion("type", [z.object({ type: z.literal("ready") }), tokensMessageSchema()]),
);
