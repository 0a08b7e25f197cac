import * as z from "zod";
import { type Infer, lazy, named, namedRequest } from "./lazy.ts";

/** Counts of the model's tokens for one answer. */
export const usageSchema = named("Usage", () =>
  z.object({
    input_tokens: z.number().int(),
    output_tokens: z.number().int(),
    total_tokens: z.number().int(),
  }),
);

export type Usage = Infer<typeof usageSchema>;

/** A file of a message. */
export const attachmentSchema = lazy(() =>
  z.object({
    filename: z.string().min(1),
    content: z.string().describe("Base64"),
    content_type: z.string().min(1),
    size: z.number().int().nonnegative().optional().describe("Bytes, before Base64"),
  }),
);

export type Attachment = Infer<typeof attachmentSchema>;

/** Null is as good as absent: many clients write it for what they do not say. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

/** Body of `POST /chat` (docs/spec/formation-api.md "Chat"). Unknown keys are ignored. */
export const chatRequestSchema = namedRequest("ChatRequest", () =>
  z.object({
    message: z.string().describe("What the user says"),
    session_id: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .nullish()
      .describe("Session to continue; omitted or null starts a new one"),
    request_id: optional(
      z
        .string()
        .regex(/^[A-Za-z0-9_.:-]{1,200}$/, "use 1 to 200 letters, digits and the characters _ . : -")
        .describe("Tracking id of the caller's choice; the server makes one otherwise"),
    ),
    agent_id: optional(z.string().min(1).max(200).describe("Answer with this agent")),
    user_id: optional(z.string().describe("Deprecated: send the header X-Muxi-User-ID")),
    group_id: optional(z.string()),
    files: optional(z.array(attachmentSchema())),
    stream: z.boolean().default(true).describe("False asks for one JSON answer"),
    mode: z.enum(["sync", "async"]).default("sync"),
    on_disconnect: z
      .enum(["continue", "cancel"])
      .default("continue")
      .describe("Whether the answer is finished and stored when the caller's connection drops"),
    webhook_url: optional(z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).max(2_048)),
    threshold_seconds: optional(z.number().positive()),
    source_channel: optional(z.string()),
    ui_response: optional(z.object({ id: z.string(), value: z.string() })),
    format: optional(z.enum(["markdown", "text", "json", "html"])),
  }),
);

/** The chat body after its defaults were filled in. */
export type ChatRequestBody = Infer<typeof chatRequestSchema>;

const owner = () => ({
  session_id: z.string().optional(),
  request_id: z.string().optional(),
});

const progress = named("ProgressEvent", () =>
  z.object({
    type: z.literal("progress"),
    session_id: z.string(),
    request_id: z.string(),
    user_id: z.string().optional(),
    stage: z
      .string()
      .optional()
      .describe(
        "Step of the request, such as `agent_selected`; `restarted` when a process ended in the middle and the answer " +
          "begins anew: only there the numbers of events leave some out",
      ),
    content: z.string().optional(),
    agent_id: z.string().optional(),
    timestamp: z.number().describe("Unix seconds"),
  }),
);

const text = named("TextEvent", () =>
  z.object({
    type: z.literal("text"),
    text: z.string().describe("The next piece of the answer"),
    replace: z.literal(true).optional().describe("It takes the place of all text before it"),
    ...owner(),
  }),
);

const thinking = named("ThinkingEvent", () =>
  z.object({ type: z.literal("thinking"), content: z.string(), ...owner() }),
);

const planning = named("PlanningEvent", () =>
  z.object({ type: z.literal("planning"), content: z.string(), ...owner() }),
);

const toolCall = named("ToolCallEvent", () =>
  z.object({
    type: z.literal("tool_call"),
    id: z.string(),
    name: z.string(),
    arguments: z.record(z.string(), z.unknown()),
    ...owner(),
  }),
);

const toolResult = named("ToolResultEvent", () =>
  z.object({
    type: z.literal("tool_result"),
    id: z.string(),
    name: z.string(),
    content: z.string(),
    is_error: z.boolean(),
    ...owner(),
  }),
);

const ui = named("UiEvent", () =>
  z.object({
    type: z.literal("ui"),
    ui: z.array(z.record(z.string(), z.unknown())).describe("Widgets; ignore the types you do not know"),
    ...owner(),
  }),
);

/** What the agent wants to know before it goes on: answered by the next chat of the session, or by one with its request id. */
const clarificationSchema = named("ClarificationRequest", () =>
  z.object({
    question: z.string(),
    request_id: z.string(),
    round: z.number().int().positive().optional().describe("The how many-th question of the request it is"),
    credential: z
      .string()
      .optional()
      .describe(
        "Service whose credential is asked for: the next message of the session goes to the vault alone",
      ),
    expires_at: z
      .number()
      .optional()
      .describe("Unix seconds until which the next message of the session is the answer"),
  }),
);

const done = named("DoneEvent", () =>
  z.object({
    type: z.literal("done"),
    session_id: z.string(),
    request_id: z.string(),
    finish_reason: z.enum(["stop", "length", "tool_calls", "content_filter", "cancelled", "other"]),
    usage: usageSchema(),
    model: z.string().describe("The model that answered, as `provider/name`"),
    agent_id: z.string(),
    clarification: clarificationSchema().optional(),
    finished: z.literal(true).describe("For clients that know only this field"),
  }),
);

const error = named("ErrorEvent", () =>
  z.object({
    type: z.literal("error"),
    code: z.string(),
    message: z.string(),
    error: z.string().describe("The message again, for clients that know only this field"),
    retry_after: z.number().optional().describe("Seconds"),
    ...owner(),
  }),
);

/**
 * One frame of a chat stream (docs/spec/formation-api.md "Chat stream"): the first is a `progress` with the
 * ids, then any mix, then exactly one `done` or `error`.
 */
export const chatEventSchema = named("ChatWireEvent", () =>
  z.discriminatedUnion("type", [
    progress(),
    thinking(),
    planning(),
    toolCall(),
    toolResult(),
    text(),
    ui(),
    done(),
    error(),
  ]),
);

export type ChatWireEvent = Infer<typeof chatEventSchema>;
export type FinishReason = Infer<typeof done>["finish_reason"];

/** `data` of a chat that was not streamed. */
export const chatResultSchema = named("ChatResult", () =>
  z.object({
    message: z.object({
      role: z.literal("assistant"),
      content: z.string(),
      metadata: z
        .object({
          session_id: z.string(),
          agent_id: z.string(),
          model: z.string(),
          finish_reason: done().shape.finish_reason,
          clarification: clarificationSchema().optional(),
        })
        .describe("Who answered and how it ended"),
    }),
    user_id: z.string(),
    session_id: z.string(),
    request_id: z.string(),
    usage: usageSchema(),
  }),
);

export type ChatResultBody = Infer<typeof chatResultSchema>;
