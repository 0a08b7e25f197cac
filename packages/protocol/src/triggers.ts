import * as z from "zod";
import { lazy, named, namedRequest } from "./lazy.ts";

export const triggerListSchema = named("TriggerList", () =>
  z.object({
    formation_id: z.string(),
    triggers: z.array(z.string()).describe("Names"),
    count: z.number().int(),
  }),
);

export const triggerSchema = named("Trigger", () =>
  z.object({
    name: z.string(),
    content: z.string().describe("Markdown, with `${{ data.a.b }}` where the data goes"),
    data_fields: z.array(z.string()).nullable().describe("Dotted paths of the data that it uses"),
  }),
);

/** Body of `POST /triggers/{name}`. With the query `async` the body may be the data itself. */
export const triggerRequestSchema = namedRequest("TriggerRequest", () =>
  z.object({
    data: z.record(z.string(), z.unknown()).describe("What the template is filled with"),
    session_id: z.string().trim().min(1).max(200).nullish().describe("Session to continue"),
    use_async: z.boolean().default(true).describe("False waits for the answer"),
  }),
);

/** A `user_id` in the data is data: who the caller is stands in the header alone. */
export const triggerBodySchema = lazy(() =>
  z
    .union([z.looseObject(triggerRequestSchema().shape), z.record(z.string(), z.unknown())], {
      error: "must be a JSON object",
    })
    .describe("The data below `data`, or, with the query `async`, the data itself")
    .transform((fields) => ({ fields })),
);

const asyncFlag = lazy(() =>
  z.enum(["true", "false", "1", "0"]).transform((value) => value === "true" || value === "1"),
);

export const triggerQuerySchema = lazy(() =>
  z.object({
    async: asyncFlag()
      .optional()
      .describe("Like `use_async`, and wins over it; the body may then be the data itself"),
  }),
);

const ids = () => ({ request_id: z.string(), session_id: z.string().optional() });

export const triggerResultSchema = named("TriggerResult", () =>
  z.discriminatedUnion("status", [
    z.object({
      status: z.literal("completed"),
      content: z.string(),
      response: z.string().describe("Like `content`"),
      ...ids(),
    }),
    z.object({ status: z.literal("processing"), ...ids() }),
  ]),
);
