import * as z from "zod";
import { count, flag, lazy, named, namedRequest, optional, orNull, text } from "../base/index.ts";
import { chatRequestSchema } from "./chat.ts";
import { answerMetadataSchema } from "./citations.ts";

/** docs/spec/formation-api.md "Triggers". */
export const triggerListSchema = named("TriggerList", "The triggers of a formation.", () =>
  z.object({
    formation_id: text("Id of the formation, from its manifest"),
    triggers: z.array(z.string()).describe("Names of the triggers"),
    count: count("triggers"),
  }),
);

export const triggerSchema = named(
  "Trigger",
  "A text that becomes a message to the formation once its data is filled in.",
  () =>
    z.object({
      name: text("Name of the trigger"),
      content: text("Template as Markdown, with `${{ data.a.b }}` where the data goes"),
      data_fields: orNull(
        z
          .array(z.string())
          .describe("Dotted paths of the data that the template uses; null when it uses none"),
      ),
    }),
);

/** Body of `POST /triggers/{name}`. With the query `async` the body may be the data itself. */
export const triggerRequestSchema = namedRequest("TriggerRequest", "A trigger to fire.", () =>
  z.object({
    data: z.record(z.string(), z.unknown()).describe("What the template is filled with"),
    session_id: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .nullish()
      .describe("Session to continue, 1 to 200 characters; absent or null begins a new one"),
    format: optional(
      "What the answer is written in; absent, the formation's setting",
      chatRequestSchema().shape.format,
    ),
    use_async: z
      .boolean()
      .default(true)
      .describe("Whether it is answered in the background; false waits for the answer. Default true"),
  }),
);

/** A `user_id` in the data is data: only the header says who the caller is. */
export const triggerBodySchema = lazy(() =>
  z
    .union([z.looseObject(triggerRequestSchema().shape), z.record(z.string(), z.unknown())], {
      error: "must be a JSON object",
    })
    .describe("The data below `data`, or, with the query `async`, the data itself")
    .transform((fields) => ({ fields })),
);

export const triggerQuerySchema = lazy(() =>
  z.object({
    async: flag(
      "Like `use_async` of the body, and wins over it; the body may then be the data itself",
    ).optional(),
  }),
);

const requestId = () => text("Request that answers the trigger");
const sessionId = () => text("Session of the request").optional();

export const triggerResultSchema = named(
  "TriggerResult",
  "The answer to a trigger, or that it is answered in the background.",
  () =>
    z.discriminatedUnion("status", [
      z.object({
        status: z.literal("completed").describe("The trigger was answered"),
        content: text("Text of the answer"),
        response: text("The text again, for clients that know only this field"),
        object: z
          .unknown()
          .optional()
          .describe("The answer as a value, where the call brought a schema; the text is the same as JSON"),
        metadata: answerMetadataSchema().optional().describe("What the answer rests on; absent for nothing"),
        request_id: requestId(),
        session_id: sessionId(),
      }),
      z.object({
        status: z.literal("processing").describe("The trigger is answered in the background"),
        request_id: requestId(),
        session_id: sessionId(),
      }),
    ]),
);
