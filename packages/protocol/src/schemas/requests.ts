import * as z from "zod";
import {
  count,
  holdsMoreValues,
  type Infer,
  lazy,
  named,
  namedRequest,
  next,
  optional,
  orNull,
  text,
  unixSeconds,
} from "../base/index.ts";
import { answerMetadataSchema } from "./citations.ts";
import { interruptSchema } from "./interrupts.ts";
import { usageSchema } from "./usage.ts";

/** docs/spec/formation-api.md "Request states". */
export const requestStateSchema = lazy(() =>
  z.enum(["pending", "processing", "awaiting_clarification", "completed", "failed", "cancelled"]),
);

export type RequestState = Infer<typeof requestStateSchema>;

export const cancelResultSchema = named("CancelResult", "A request was stopped.", () =>
  z.object({
    request_id: text("Request that was stopped"),
    status: z.literal("cancelled").describe("Always `cancelled`"),
    cancellation: z
      .enum(["immediate", "cooperative"])
      .describe("`cooperative` when another process of the formation stops it within seconds"),
    message: text("What was done, in words"),
  }),
);

const request = () => ({
  request_id: text("Id to follow, read and cancel the request by"),
  user_id: text("User who is answered"),
  status: requestStateSchema().describe(
    "State of the request; `completed`, `failed` and `cancelled` are final and never change",
  ),
  progress: orNull(text("Always null: follow the events of the request for its progress")),
  created_at: unixSeconds("When the request was made"),
  error: text("Why the request failed; absent unless it has").optional(),
  interrupt: interruptSchema()
    .optional()
    .describe("What the request waits for before it goes on; absent otherwise"),
});

/** docs/spec/formation-api.md "Requests". */
export const requestSummarySchema = named("RequestSummary", "A request in a list.", () =>
  z.object({
    ...request(),
    completed_at: orNull(unixSeconds("When the request ended; null before")),
  }),
);

export const requestListSchema = named("RequestList", "Requests of a user, or of all users.", () =>
  z.object({
    requests: z.array(requestSummarySchema()).describe("The requests, newest first"),
    count: count("requests in this answer"),
    next: next(),
  }),
);

export const requestStatusSchema = named("RequestStatus", "The state of a request, and its answer.", () =>
  z.object({
    ...request(),
    session_id: text("Session of the request"),
    kind: z
      .enum(["chat", "trigger", "job"])
      .describe("What made the request: a chat, a trigger or a run of a job"),
    completed_at: unixSeconds("When the request ended; absent before").optional(),
    duration_ms: z
      .number()
      .int()
      .optional()
      .describe(
        "Milliseconds from when it was begun to its end, with waits for its user and without those in the queue; absent before",
      ),
    agent_id: text(
      "Agent that answered or was to answer; absent as long as `model` is, and of a request that a version before answered",
    ).optional(),
    model: text(
      "Model that answered or was to answer, as `provider/name`; absent until the request has ended or asked its user, " +
        "and where no model was chosen",
    ).optional(),
    usage: usageSchema()
      .optional()
      .describe(
        "Tokens of all calls of models that were completed, also of a request that failed, and before a question to the " +
          "user too; absent as long as `model` is",
      ),
    metadata: answerMetadataSchema()
      .optional()
      .describe("What the answer rests on; absent for nothing, and until the request has completed"),
    object: z
      .unknown()
      .optional()
      .describe(
        "The answer as a value, where the call brought a schema; absent until the request has completed",
      ),
    result: text("The whole text of the answer; absent until the request has completed").optional(),
    clarification: z
      .object({ question: text("What the user is asked") })
      .optional()
      .describe(
        "What the agent must know before it goes on; absent otherwise. The answer is the next chat of the session, " +
          "or one with this request id",
      ),
  }),
);

/** Most characters of JSON, and values, in an answer to what a request waits for. */
const longestAnswer = 100_000;
const mostAnswerValues = 2_000;

/** Body of `POST /requests/{request_id}/answer` (docs/spec/formation-api.md "Answering a request"). */
export const requestAnswerSchema = namedRequest("RequestAnswer", "What a request waits for.", () =>
  z
    .object({
      interrupt_id: text("Id of what is answered, `interrupt.id`"),
      action: z
        .enum(["answer", "approve", "deny", "cancel"])
        .describe("`answer` with a `value` or `results`, `approve` or `deny` a call, `cancel` the request"),
      value: z
        .unknown()
        .optional()
        .describe(
          "The answer: a text, or what `interrupt.schema` asks for; with `deny`, a text that says why not",
        ),
      results: optional(
        "What has come of the calls of an interrupt of kind `client_tools`, one for each",
        z
          .array(
            z.object({
              id: text("Id of the call"),
              content: z.string().max(100_000).describe("What the tool returned, or why it failed"),
              is_error: z.boolean().default(false).describe("Whether it failed. Default false"),
            }),
          )
          .max(128),
      ),
      edited_args: optional(
        "With `approve`: arguments in place of those that the model chose",
        z.record(z.string(), z.unknown()),
      ),
      remember: optional(
        "With `approve`: whether calls of the same tool need no approval from now on, in this session or for this user",
        z.enum(["session", "user"]),
      ),
    })
    .superRefine(({ action, value, results, edited_args }, context) => {
      const refuse = (field: string, message: string) =>
        context.addIssue({ code: "custom", path: [field], message });
      if (
        action === "answer" &&
        !results &&
        (typeof value === "string" ? value.trim() === "" : (value ?? undefined) === undefined)
      )
        refuse("value", "is missing: it is the answer");
      if (action === "deny" && value !== undefined && typeof value !== "string")
        refuse("value", "is no text: it says why not");
      for (const [field, given] of Object.entries({ value, edited_args })) {
        const json = JSON.stringify(given) ?? "";
        if (
          json.length > longestAnswer ||
          (typeof given !== "string" && holdsMoreValues(json, mostAnswerValues))
        )
          refuse(field, `is larger than ${longestAnswer} characters or ${mostAnswerValues} values`);
      }
    }),
);

export const requestAnswerResultSchema = named(
  "RequestAnswerResult",
  "A request goes on, or was cancelled.",
  () =>
    z.object({
      request_id: text("Request that was answered"),
      session_id: text("Its session, by which it can be followed"),
      status: z.enum(["pending", "cancelled"]).describe("`pending` when the request goes on"),
    }),
);

export type RequestStatus = Infer<typeof requestStatusSchema>;

/** docs/spec/formation-api.md "Accepting work". */
export const chatAcceptedSchema = named("ChatAccepted", "A chat is answered in the background.", () =>
  z.object({
    request_id: text("Id to follow, read and cancel the request by"),
    session_id: text("Session of the request").optional(),
    status: z.literal("processing").describe("Always `processing`"),
    status_url: text("Path of the request's status, below the formation's base URL"),
  }),
);

/** docs/spec/formation-api.md "Feed of a user". */
export const formationEventSchema = named(
  "FormationEvent",
  "Something that happens in a user's or a session's requests.",
  () =>
    z.object({
      type: text("Kind of the event, such as `chat.completed` or `agent.selected`; expect others"),
      timestamp: unixSeconds("When it happened"),
      message: text("The event in words"),
      session_id: orNull(text("Session that it happened in; null for none")),
      request_id: orNull(text("Request that it belongs to; null for none")),
    }),
);
