import * as z from "zod";
import { type Infer, named, orNull, text, unixMilliseconds } from "../base/index.ts";
import { answerMetadataSchema } from "./citations.ts";
import { interruptSchema } from "./interrupts.ts";
import { usageSchema } from "./usage.ts";

const common = () => ({
  id: text("Id of the request; with `status` it tells a repeated delivery"),
  request_id: text("The id again, for receivers that know only this field"),
  object: z.literal("response").describe("Always `response`"),
  timestamp: unixMilliseconds("When the request ended or asked"),
  formation_id: text("Formation that sends the webhook"),
  user_id: text("User of the request"),
  processing_time: z.number().describe("Seconds that the request took"),
  processing_mode: z.enum(["async", "sync"]).describe("Whether it was answered in the background"),
  webhook_url: orNull(text("Address that the webhook is sent to")),
  usage: usageSchema()
    .optional()
    .describe("Tokens that the answer took, or that were used until it failed; absent from older formations"),
});

const parts = (what: string) =>
  z
    .array(
      z.object({
        type: z.literal("text").describe("Kind of the part"),
        text: text("Text of the part"),
      }),
    )
    .describe(what);

const noError = () => z.null().describe("Always null: the request did not fail");
const noResponse = () => parts("Always empty: there is no answer");

/** docs/spec/formation-api.md "Webhook payload". */
export const webhookPayloadSchema = named(
  "WebhookPayload",
  "What a formation sends to a webhook when a request in the background has completed, failed or asked its user.",
  () =>
    z.discriminatedUnion("status", [
      z.object({
        ...common(),
        status: z.literal("completed").describe("The request was answered"),
        response: parts("The answer, in parts"),
        object: z
          .unknown()
          .optional()
          .describe("The answer as a value, where the call brought a schema; the text is the same as JSON"),
        metadata: answerMetadataSchema().optional().describe("What the answer rests on; absent for nothing"),
        error: noError(),
      }),
      z.object({
        ...common(),
        status: z.literal("failed").describe("The request failed"),
        response: noResponse(),
        error: z
          .object({
            code: z.literal("processing_failed").describe("Always `processing_failed`"),
            message: text("What happened"),
            trace: z.null().describe("Always null"),
          })
          .describe("Why the request failed"),
      }),
      z.object({
        ...common(),
        status: z.literal("awaiting_clarification").describe("The formation asks the user something"),
        response: noResponse(),
        error: noError(),
        clarification_question: text("What the user is asked"),
        clarification_request_id: text("Request that the answer continues"),
        original_message: text("What the user had said"),
        interrupt: interruptSchema()
          .optional()
          .describe("What the request waits for; absent from a version before"),
      }),
    ]),
);

export type WebhookPayload = Infer<typeof webhookPayloadSchema>;
