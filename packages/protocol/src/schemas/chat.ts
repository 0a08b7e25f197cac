import * as z from "zod";
import { type Infer, named, namedRequest, text } from "../base/index.ts";

export const usageSchema = named(
  "Usage",
  "Tokens of all calls of models that an answer took, together.",
  () =>
    z.object({
      input_tokens: z
        .number()
        .int()
        .describe("Tokens that the models read, from their providers' caches or not"),
      output_tokens: z.number().int().describe("Tokens that the models wrote"),
      total_tokens: z.number().int().describe("Sum of the two"),
      cached_tokens: z
        .number()
        .int()
        .optional()
        .describe("Of `input_tokens`, those that came from a provider's cache; absent when none did"),
      cache_write_tokens: z
        .number()
        .int()
        .optional()
        .describe(
          "Of `input_tokens`, those that a provider wrote into its cache; absent when it tells of none",
        ),
    }),
);

export type Usage = Infer<typeof usageSchema>;

export const attachmentSchema = namedRequest("Attachment", "A file that goes along with a message.", () =>
  z.object({
    filename: z.string().min(1).describe("Name of the file, with its extension"),
    content: text("The bytes in Base64"),
    content_type: z.string().min(1).describe("Media type, such as `application/pdf`"),
    size: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe("Size in bytes before Base64; for the caller's use, it is not checked"),
  }),
);

export type Attachment = Infer<typeof attachmentSchema>;

/** Null means the same as absent: many clients write it for what they do not say. */
const optional = <Schema extends z.ZodType>(what: string, schema: Schema) =>
  schema
    .nullish()
    .transform((value) => value ?? undefined)
    .describe(what);

export const uiResponseSchema = namedRequest("UiResponse", "The user's answer to a widget.", () =>
  z.object({
    id: text("Id of the widget"),
    value: text("Value of the option that the user chose"),
  }),
);

/** Body of `POST /chat` (docs/spec/formation-api.md "Chat"). Unknown keys are ignored. */
export const chatRequestSchema = namedRequest("ChatRequest", "A message to a formation.", () =>
  z.object({
    message: text(
      "What the user says; not blank, at most 100,000 characters unless the formation sets a limit",
    ),
    session_id: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .nullish()
      .describe("Session to continue, 1 to 200 characters; absent or null begins a new one"),
    request_id: optional(
      "Id for the request, by which it can be followed and cancelled; absent, the formation makes one",
      z.string().regex(/^[A-Za-z0-9_.:-]{1,200}$/, "use 1 to 200 letters, digits and the characters _ . : -"),
    ),
    agent_id: optional("Agent that answers; absent, the formation chooses one", z.string().min(1).max(200)),
    user_id: optional("Deprecated: name the user in the header X-Muxi-User-ID, which wins", z.string()),
    group_id: optional("Accepted and without effect", z.string()),
    files: optional("Files for the model to read, at most 10", z.array(attachmentSchema())),
    stream: optional(
      "Whether the answer is a stream of events; false asks for one JSON answer. Absent, a stream, unless the call " +
        "carries X-Muxi-SDK or accepts JSON and no events",
      z.boolean(),
    ),
    mode: z
      .enum(["sync", "async"])
      .default("sync")
      .describe("`async` answers in the background: the call returns at once. Default `sync`"),
    use_async: optional("True means the same as `mode` `async`, for older clients", z.boolean()),
    on_disconnect: z
      .enum(["continue", "cancel"])
      .default("continue")
      .describe(
        "What happens to the answer when the connection drops: `continue` finishes and stores it, `cancel` stops it " +
          "after 10 seconds. Default `continue`",
      ),
    webhook_url: optional(
      "Where an answer in the background is sent, an http or https URL; absent, the formation's webhook",
      z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).max(2_048),
    ),
    threshold_seconds: optional(
      "With `stream: false`: seconds after which the answer goes on in the background; absent, the formation's " +
        "setting, which is 30 by default",
      z.number().positive(),
    ),
    source_channel: optional("Accepted and without effect", z.string()),
    ui_response: optional("Accepted and without effect", uiResponseSchema()),
    format: optional(
      "What the answer is written in; absent, the formation's setting",
      z.enum(["markdown", "text", "json", "html"]),
    ),
  }),
);

/** The chat body after its defaults were filled in. */
export type ChatRequestBody = Infer<typeof chatRequestSchema>;

const owner = () => ({
  session_id: text("Session of the answer").optional(),
  request_id: text("Request that is answered").optional(),
});

const progress = named(
  "ProgressEvent",
  "A step of the request. The first event of every stream is one, with the ids of session and request.",
  () =>
    z.object({
      type: z.literal("progress").describe("Kind of the event"),
      session_id: text("Session of the answer"),
      request_id: text("Request that is answered"),
      user_id: text("User who is answered").optional(),
      stage: text(
        "Step, such as `agent_selected`; absent in the first event. `restarted`: the process ended in the middle and " +
          "the answer begins anew. Only there do the numbers of events have a gap. `tools_missing`: the answer is made " +
          "without the tools of MCP servers that are still starting. `limit_reached`: a limit has ended the calls of " +
          "tools, and the answer may lack something",
      ).optional(),
      content: text("The step in words").optional(),
      agent_id: text("Agent that was chosen; absent before").optional(),
      timestamp: z.number().describe("When the step began, Unix seconds"),
    }),
);

const textEvent = named("TextEvent", "A part of the answer.", () =>
  z.object({
    type: z.literal("text").describe("Kind of the event"),
    text: text("The next part of the answer"),
    replace: z
      .literal(true)
      .optional()
      .describe(
        "Present when the text takes the place of all text before it; otherwise it follows that text",
      ),
    ...owner(),
  }),
);

const thinking = named("ThinkingEvent", "What the model shows of its reasoning.", () =>
  z.object({
    type: z.literal("thinking").describe("Kind of the event"),
    content: text("The next part of the reasoning"),
    ...owner(),
  }),
);

const planning = named("PlanningEvent", "What the formation plans to do.", () =>
  z.object({
    type: z.literal("planning").describe("Kind of the event"),
    content: text("The plan in words"),
    ...owner(),
  }),
);

const toolCall = named("ToolCallEvent", "The agent calls a tool. The formation runs it.", () =>
  z.object({
    type: z.literal("tool_call").describe("Kind of the event"),
    id: text("Id of the call, which its result repeats"),
    name: text("Name of the tool"),
    arguments: z.record(z.string(), z.unknown()).describe("Arguments that the model chose"),
    ...owner(),
  }),
);

const toolResult = named("ToolResultEvent", "A tool has ended.", () =>
  z.object({
    type: z.literal("tool_result").describe("Kind of the event"),
    id: text("Id of the call"),
    name: text("Name of the tool"),
    content: text("What the tool returned, at most 4,000 characters"),
    is_error: z.boolean().describe("Whether the tool failed; `content` then says why"),
    ...owner(),
  }),
);

const ui = named("UiEvent", "Widgets to show with the answer.", () =>
  z.object({
    type: z.literal("ui").describe("Kind of the event"),
    ui: z
      .array(z.record(z.string(), z.unknown()))
      .describe("Widgets, each with a `type`; ignore the types you do not know"),
    ...owner(),
  }),
);

const clarificationSchema = named(
  "ClarificationRequest",
  "What the agent must know before it can go on. The next message of the session is the answer.",
  () =>
    z.object({
      question: text("The question, which also ends the text of the answer"),
      request_id: text("Request that the answer continues; the next chat may name it, or none"),
      round: z
        .number()
        .int()
        .positive()
        .optional()
        .describe("Number of this question within the request, counted from 1"),
      credential: text(
        "Service whose credential is asked for; the next message then goes to the user's credentials only, and no " +
          "model reads it. Absent for other questions",
      ).optional(),
      expires_at: z
        .number()
        .optional()
        .describe("Until when a message counts as the answer, Unix seconds; later ones are new requests"),
    }),
);

const finishReasonSchema = () =>
  z.enum(["stop", "length", "tool_calls", "content_filter", "cancelled", "other"]);

const done = named("DoneEvent", "The answer is complete and stored. Ends the stream.", () =>
  z.object({
    type: z.literal("done").describe("Kind of the event"),
    session_id: text("Session of the answer"),
    request_id: text("Request that was answered"),
    finish_reason: finishReasonSchema().describe("Why the model stopped; `stop` when it had said everything"),
    usage: usageSchema().describe("Tokens that the answer took"),
    model: text("Model that answered, as `provider/name`"),
    agent_id: text("Agent that answered"),
    clarification: clarificationSchema()
      .optional()
      .describe("Present when the agent asks the user something before it goes on"),
    finished: z.literal(true).describe("Always true, for clients that know only this field"),
  }),
);

export type FinishReason = Infer<typeof done>["finish_reason"];

const error = named(
  "ErrorEvent",
  "The answer broke off. Ends the stream; text that came before stays in the session.",
  () =>
    z.object({
      type: z.literal("error").describe("Kind of the event"),
      code: text("Code from the table of errors, such as `LLM_ERROR`"),
      message: text("What happened and what to do about it"),
      error: text("The message again, for clients that know only this field"),
      retry_after: z.number().optional().describe("Seconds after which to try again; absent when not known"),
      ...owner(),
    }),
);

/** docs/spec/formation-api.md "Chat events". */
export const chatEventSchema = named(
  "ChatWireEvent",
  "A frame of a chat stream: first a `progress` with the ids, then any mix, last exactly one `done` or `error`.",
  () =>
    z.discriminatedUnion("type", [
      progress(),
      thinking(),
      planning(),
      toolCall(),
      toolResult(),
      textEvent(),
      ui(),
      done(),
      error(),
    ]),
);

export type ChatWireEvent = Infer<typeof chatEventSchema>;

export const chatResultSchema = named("ChatResult", "The answer to a chat that was not streamed.", () =>
  z.object({
    message: z
      .object({
        role: z.literal("assistant").describe("Always `assistant`"),
        content: text("Text of the answer"),
        metadata: z
          .object({
            session_id: text("Session of the answer"),
            agent_id: text("Agent that answered"),
            model: text("Model that answered, as `provider/name`"),
            finish_reason: finishReasonSchema().describe(
              "Why the model stopped; `stop` when it had said everything",
            ),
            clarification: clarificationSchema()
              .optional()
              .describe("Present when the agent asks the user something before it goes on"),
          })
          .describe("Who answered and how it ended"),
      })
      .describe("The answer"),
    user_id: text("User who was answered"),
    session_id: text("Session of the answer"),
    request_id: text("Request that was answered"),
    usage: usageSchema().describe("Tokens that the answer took"),
  }),
);

export type ChatResultBody = Infer<typeof chatResultSchema>;
