import * as z from "zod";
import { type Infer, lazy, named, namedRequest, optional, text } from "../base/index.ts";
import { finishReasonSchema } from "./chat-events.ts";
import { answerMetadataSchema } from "./citations.ts";
import { clarificationSchema, interruptSchema } from "./interrupts.ts";
import { usageSchema } from "./usage.ts";
import { workOutcomeSchema } from "./work.ts";

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

export const uiResponseSchema = namedRequest("UiResponse", "The user's answer to a widget.", () =>
  z.object({
    id: text("Id of the widget"),
    value: text("Value of the option that the user chose"),
  }),
);

export const onBusySchema = lazy(() => z.enum(["enqueue", "reject", "interrupt", "steer"]));

export type OnBusy = Infer<typeof onBusySchema>;

/** docs/spec/formation-api.md "Structured output". */
export const jsonFormatSchema = namedRequest("JsonFormat", "An answer that fits a JSON Schema.", () =>
  z.object({
    type: z.literal("json").describe("Always `json`"),
    schema: z
      .record(z.string(), z.unknown())
      .describe("JSON Schema (2020-12) of the answer, at most 65,536 characters and 32 levels"),
  }),
);

/** docs/spec/formation-api.md "Tools that the caller runs". */
export const callerToolSchema = namedRequest(
  "CallerTool",
  "A tool that the agent may call and the caller runs.",
  () =>
    z.object({
      name: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, "use 1 to 64 letters, digits and the characters _ -")
        .describe("Name, unlike that of any tool of the formation"),
      description: z.string().max(10_000).describe("What it does and when to use it, for the model"),
      parameters: z
        .record(z.string(), z.unknown())
        .describe("JSON Schema (2020-12) of its arguments, of type `object`"),
    }),
);

export type CallerTool = Infer<typeof callerToolSchema>;

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
    on_busy: optional(
      "What happens while the session is at work on another message: `enqueue` answers this one after it, `reject` " +
        "refuses this one, `interrupt` stops the other answer and goes on with both messages, `steer` shows this one to " +
        "the agent at work before it asks its model again. Absent, the formation's setting, which is `enqueue` by default",
      onBusySchema(),
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
    tools: optional(
      "Tools that the caller runs, at most 32: a call of one ends the answer with an `interrupt` of kind `client_tools`",
      z.array(callerToolSchema()).max(32),
    ),
    format: optional(
      "What the answer is written in; absent, the formation's setting",
      z.union([z.enum(["markdown", "text", "json", "html"]), jsonFormatSchema()]),
    ),
  }),
);

/** The chat body after its defaults were filled in. */
export type ChatRequestBody = Infer<typeof chatRequestSchema>;

export const chatResultSchema = named("ChatResult", "The answer to a chat that was not streamed.", () =>
  z.object({
    message: z
      .object({
        role: z.literal("assistant").describe("Always `assistant`"),
        content: text("Text of the answer"),
        object: z
          .unknown()
          .optional()
          .describe("The answer as a value, where the call brought a schema; the text is the same as JSON"),
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
            ...answerMetadataSchema().partial().shape,
            interrupt: interruptSchema().optional().describe("Present when the request waits for its user"),
            ...workOutcomeSchema().partial().shape,
          })
          .describe("Who answered and how it ended; of several tasks also how these ended"),
      })
      .describe("The answer"),
    user_id: text("User who was answered"),
    session_id: text("Session of the answer"),
    request_id: text("Request that was answered"),
    usage: usageSchema().describe("Tokens that the answer took"),
  }),
);

export type ChatResultBody = Infer<typeof chatResultSchema>;
